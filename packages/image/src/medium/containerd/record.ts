import { isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { Images } from '@berth/wire/gen/containerd/services/images/v1/images_pb';
import type { Channel } from '../../grpc/channel.ts';
import { getTarget, wireDescriptor } from './names.ts';

/** The image records that a publish makes. */
export interface Records {
  readonly names: readonly string[];
  readonly target: Descriptor;
  readonly labels: Readonly<Record<string, string>>;
}

/** Points all the names at the target, or leaves all as they were. */
export async function writeRecords(channel: Channel, records: Records, signal: AbortSignal): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const name of records.names) {
      const before = await getTarget(channel, name, { signal });
      undo.push(() => restore(channel, name, before));
      await writeRecord(channel, name, { ...records, signal });
    }
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

type Writing = Omit<Records, 'names'> & { readonly signal?: AbortSignal; readonly timeout?: number };

async function writeRecord(channel: Channel, name: string, { target, labels, ...call }: Writing): Promise<void> {
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

async function restore(channel: Channel, name: string, target: Descriptor | undefined): Promise<void> {
  const call = { timeout: 10_000 };
  try {
    if (target === undefined) await channel.unary(Images.method.delete, { name }, call);
    else await writeRecord(channel, name, { target, labels: {}, ...call });
  } catch (error) {
    if (!isKind(error, 'not_found') && !isKind(error, 'unavailable')) throw error;
  }
}
