import type { Log } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import { isAtLeast, type NetworkList } from './network-list.ts';
import { type CniResult, pluginFailed } from './plugin-answer.ts';
import { callPlugin, type CniTarget, type PluginHost } from './plugin-call.ts';

/** A chain that did not come to its end, with what the plugins before had made. */
export interface BrokenChain {
  readonly error: unknown;
  readonly partial: CniResult | undefined;
}

/** Each plugin is given the result of the one before. The last result, or why there is none. */
export async function addChain(
  host: PluginHost,
  { list, target }: { readonly list: NetworkList; readonly target: CniTarget },
  signal: AbortSignal,
): Promise<CniResult | BrokenChain> {
  let partial: CniResult | undefined;
  try {
    for (const plugin of list.plugins) {
      const extra = partial === undefined ? {} : { prevResult: partial };
      const result = await callPlugin(host, { verb: 'ADD', list, plugin, target, extra }, signal);
      if (result === undefined) throw pluginFailed('internal', `network plugin ${plugin.type} (ADD) gave no result`);
      partial = result;
    }
    return partial ?? {};
  } catch (error) {
    return { error, partial };
  }
}

export function isBroken(outcome: CniResult | BrokenChain): outcome is BrokenChain {
  return 'error' in outcome;
}

/** In reverse order. One that fails does not keep the others from their part. @throws the first failure */
export async function deleteChain(
  host: PluginHost,
  {
    list,
    target,
    result,
  }: { readonly list: NetworkList; readonly target: CniTarget; readonly result?: CniResult | undefined },
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<void> {
  const knowsResults = isAtLeast(list.version, '0.4.0') && result !== undefined;
  const extra = knowsResults ? { prevResult: result } : {};
  const failures: unknown[] = [];
  for (const plugin of list.plugins.toReversed()) {
    try {
      await callPlugin(host, { verb: 'DEL', list, plugin, target, extra }, signal);
    } catch (error) {
      failures.push(error);
      log.warn(asError(error).message, { pod: target.containerId });
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** @throws failed_precondition with the first plugin's words */
export async function checkChain(
  host: PluginHost,
  { list, target, result }: { readonly list: NetworkList; readonly target: CniTarget; readonly result: CniResult },
  signal: AbortSignal,
): Promise<void> {
  if (list.disableCheck || !isAtLeast(list.version, '0.4.0')) return;
  for (const plugin of list.plugins) {
    await asPrecondition(
      callPlugin(host, { verb: 'CHECK', list, plugin, target, extra: { prevResult: result } }, signal),
    );
  }
}

/** Whether every plugin can serve an ADD. @throws failed_precondition with the first plugin's words */
export async function statusChain(host: PluginHost, list: NetworkList, signal: AbortSignal): Promise<void> {
  for (const plugin of list.plugins) {
    await asPrecondition(callPlugin(host, { verb: 'STATUS', list, plugin }, signal));
  }
}

export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** Lets plugins free what belongs to none of these. @throws the first failure, when all have been asked */
export async function collectChain(
  host: PluginHost,
  { list, valid }: { readonly list: NetworkList; readonly valid: readonly ValidAttachment[] },
  signal: AbortSignal,
): Promise<void> {
  if (list.disableGc || !isAtLeast(list.version, '1.1.0')) return;
  const extra = { 'cni.dev/valid-attachments': valid };
  const failures: unknown[] = [];
  for (const plugin of list.plugins) {
    await callPlugin(host, { verb: 'GC', list, plugin, extra }, signal).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function asPrecondition(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (cause) {
    throw new BerthError('failed_precondition', asError(cause).message, { code: 'network_plugin_failed', cause });
  }
}
