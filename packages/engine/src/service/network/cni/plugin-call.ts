import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { BerthError, tolerate } from '@berth/model/error';
import type { Launcher } from '@berth/runtime/shim/launcher';
import type { Capabilities } from './capability.ts';
import type { NetworkList, PluginConfig } from './network-list.ts';
import { type CniResult, type CniVerb, pluginFailed, readAnswer } from './plugin-answer.ts';
import { runProgram } from '../program.ts';

/** Where plugins are, and who runs them. */
export interface PluginHost {
  readonly folders: readonly string[];
  readonly launcher: Launcher;
}

/** One interface of one pod. */
export interface CniTarget {
  readonly containerId: string;
  /** Empty when the namespace is gone. */
  readonly netns: string;
  readonly interfaceName: string;
  /** `CNI_ARGS`. */
  readonly args: readonly (readonly [string, string])[];
  readonly capabilities: Capabilities;
}

export interface PluginCall {
  readonly verb: CniVerb;
  readonly list: NetworkList;
  readonly plugin: PluginConfig;
  /** Absent for STATUS and GC, which are about the network. */
  readonly target?: CniTarget;
  /** What the plugin's configuration gets besides: `prevResult`, `cni.dev/valid-attachments`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** @throws failed_precondition, unavailable or internal (`network_plugin_failed`); what the signal was aborted with */
export async function callPlugin(
  host: PluginHost,
  call: PluginCall,
  signal: AbortSignal,
): Promise<CniResult | undefined> {
  const { verb, plugin } = call;
  const program = { path: findPlugin(host, plugin.type), env: environment(host, call), input: configOf(call) };
  try {
    return readAnswer(plugin.type, verb, await runProgram(host.launcher, program, signal));
  } catch (error) {
    const name = `network plugin ${plugin.type} (${verb})`;
    if (isTimeout(error)) throw pluginFailed('unavailable', `${name} did not end in time and was killed`);
    if (error instanceof BerthError && error.code === 'program_failed') {
      throw pluginFailed('internal', `${name}: ${error.message}`);
    }
    throw error;
  }
}

/** The types of plugins of the network that no folder has. */
export function missingPlugins({ folders }: PluginHost, list: NetworkList): string[] {
  return list.plugins.map(({ type }) => type).filter((type) => locate(folders, type) === undefined);
}

function findPlugin({ folders }: PluginHost, type: string): string {
  const found = locate(folders, type);
  if (found !== undefined) return found;
  throw pluginFailed(
    'failed_precondition',
    `network plugin ${type} is in none of ${folders.join(', ')}`,
    'Debian: apt-get install containernetworking-plugins, or set network.cni_bin in berthd.toml',
  );
}

function locate(folders: readonly string[], type: string): string | undefined {
  const unfit = ['ENOENT', 'ENOTDIR', 'EACCES'];
  return folders
    .map((folder) => path.join(folder, type))
    .find((file) => tolerate(unfit, () => accessSync(file, constants.X_OK)));
}

/** SPEC.md, section 2, "Parameters"; the rest is the daemon's own, as of every runtime. */
function environment({ folders }: PluginHost, { verb, target }: PluginCall): Record<string, string> {
  const own = Object.fromEntries(Object.entries(process.env).flatMap(([key, value]) => (value ? [[key, value]] : [])));
  return {
    ...(own as Record<string, string>),
    CNI_COMMAND: verb,
    CNI_PATH: folders.join(':'),
    ...(target === undefined
      ? {}
      : {
          CNI_CONTAINERID: target.containerId,
          CNI_NETNS: target.netns,
          CNI_IFNAME: target.interfaceName,
          CNI_ARGS: target.args.map(([key, value]) => `${key}=${value}`).join(';'),
        }),
  };
}

/** SPEC.md, section 4, "Deriving execution configuration from plugin configuration". */
function configOf({ list, plugin, target, extra }: PluginCall): string {
  const asked = Object.entries(plugin.capabilities ?? {}).filter(([, isAsked]) => isAsked);
  const given = asked.flatMap(([name]) => {
    const value = target?.capabilities[name];
    return value === undefined ? [] : [[name, value]];
  });
  const runtimeConfig = given.length === 0 ? {} : { runtimeConfig: Object.fromEntries(given) as Capabilities };
  return JSON.stringify({ ...plugin, ...runtimeConfig, ...extra, name: list.name, cniVersion: list.version });
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
