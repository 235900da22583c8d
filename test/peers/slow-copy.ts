/** A copy into containerd that takes its time, in a process of its own that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyImages } from '@berth/image/copy/copy';
import { openContainerdTarget } from '@berth/image/medium/containerd/target';
import { openOciSource } from '@berth/image/medium/oci/source';

interface SlowCopy {
  /** Folder of a layout with the tag `tag`. */
  readonly layout: string;
  readonly address: string;
  readonly namespace: string;
  readonly name: string;
}

export function copySlowly(what: SlowCopy): ChildProcess {
  return spawn(process.execPath, [import.meta.filename, JSON.stringify(what)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function main({ layout, address, namespace, name }: SlowCopy): Promise<void> {
  const { signal } = new AbortController();
  await using source = await openOciSource({ path: layout, reference: 'tag' }, { scratch: layout });
  await using target = await openContainerdTarget({ address }, { namespace, name });
  const slow: typeof source = {
    title: source.title,
    images: (...args) => source.images(...args),
    has: (...args) => source.has(...args),
    document: (...args) => source.document(...args),
    blob: (descriptor) => ({
      async *read(...args) {
        for await (const piece of source.blob(descriptor).read(...args)) {
          yield piece;
          await sleep(100);
        }
      },
    }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  await copyImages(slow, target, { signal, platforms: 'host' });
}

if (import.meta.main) await main(JSON.parse(process.argv[2]!) as SlowCopy);
