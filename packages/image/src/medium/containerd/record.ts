import { asError, BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { Images } from '@berth/wire/gen/containerd/services/images/v1/images_pb';
import type { CallOptions } from '../../grpc/call.ts';
import type { Channel } from '../../grpc/channel.ts';
import { getTarget, wireDescriptor } from './names.ts';

/** The image records that a publish makes. */
export interface Records {
  readonly names: readonly string[];
  readonly target: Descriptor;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a name pointed at before; undefined when there was no such name. */
type Before = readonly [name: string, target: Descriptor | undefined];

/** Points all the names at the target, or leaves all as they were. */
export async function writeRecords(
  channel: Channel,
  { names, ...record }: Records,
  signal: AbortSignal,
): Promise<void> {
  const touched: Before[] = [];
  try {
    for (const name of names) {
      const before = await getTarget(channel, name, { signal });
      touched.push([name, before]);
      await writeRecord(channel, { name, ...record }, { signal });
    }
  } catch (error) {
    throw withFailures(error, await restoreAll(channel, touched));
  }
}

interface OneRecord extends Omit<Records, 'names'> {
  readonly name: string;
}

async function writeRecord(channel: Channel, { name, target, labels }: OneRecord, call: CallOptions): Promise<void> {
  const image = { name, target: wireDescriptor(target), labels: { ...labels } };
  try {
    await channel.unary(Images.method.create, { image }, call);
  } catch (error) {
    if (!isKind(error, 'already_exists')) throw error;
    // Labels that somebody else gave it stay.
    const paths = ['target', ...Object.keys(labels).map((key) => `labels.${key}`)];
    await channel.unary(Images.method.update, { image, updateMask: { paths } }, call);
  }
}

/** @returns what could not be set back, and why */
async function restoreAll(channel: Channel, touched: readonly Before[]): Promise<string[]> {
  const failures: string[] = [];
  for (const [name, target] of touched.toReversed()) {
    try {
      await restore(channel, name, target);
    } catch (error) {
      failures.push(`${name.slice(0, 300)} could not be set back: ${asError(error).message.slice(0, 300)}`);
    }
  }
  return failures;
}

async function restore(channel: Channel, name: string, target: Descriptor | undefined): Promise<void> {
  const call = { timeout: 10_000 };
  if (target !== undefined) return await writeRecord(channel, { name, target, labels: {} }, call);
  try {
    await channel.unary(Images.method.delete, { name }, call);
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}

function withFailures(error: unknown, failures: readonly string[]): unknown {
  if (failures.length === 0 || !(error instanceof BerthError)) return error;
  const { kind, code, hint, message } = error;
  const own = hint === undefined ? {} : { hint };
  return new BerthError(kind, `${message}; ${failures.join('; ')}`, { code, ...own, cause: error });
}
