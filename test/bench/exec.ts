import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type BerthClient, connectBerth } from '../../packages/sdk/src/client.ts';
import { Engine } from '../harness/engine.ts';
import { loadBusybox, unpackBusybox } from './busybox.ts';
import { Bundle, workingRuntimes } from './peer/oci-runtime.ts';
import { compare, type Findings } from './report.ts';
import { inTurns, timed } from './statistics.ts';

const rounds = 60;
const idle = ['/bin/sleep', '1000'];

/** One more process in a running container, from the request to the news of its exit. */
export async function measureExec(): Promise<Findings> {
  await using engine = await Engine.start();
  await loadBusybox(engine);
  const client = connectBerth({ socket: engine.socket });
  const folder = mkdtempSync('/tmp/be-');
  try {
    const { id } = await client.containers.create({ image: 'busybox', command: idle });
    await client.containers.start(id);
    const rootfs = await unpackBusybox(path.join(folder, 'rootfs'));
    using bundle = new Bundle((await client.containers.inspect(id)).spec, rootfs);
    const { programs, notes } = await workingRuntimes(bundle, ['/bin/true']);
    const running = await Promise.all(
      [...programs].map(async ([name, program]) => [name, await bundle.start(program)] as const),
    );
    const each = new Map([
      ['berth: exec, to the exit', async () => await timed(() => execOnce(client, id))],
      ...running.map(([name, box]) => [`${name} exec`, () => box.exec(['/bin/true'])] as const),
    ]);
    try {
      await inTurns(each, 10);
      const samples = await inTurns(each, rounds);
      return { rows: compare('exec of /bin/true in a running container', samples, { unit: 'ms', aim: 5 }), notes };
    } finally {
      for (const [, box] of running) await box.delete();
      await client.containers.remove(id, { force: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function execOnce({ exec }: BerthClient, container: string): Promise<void> {
  const { id } = await exec.create(container, { command: ['/bin/true'] });
  const stream = await exec.attach(id, { onOutput: () => undefined });
  await stream.exit;
}
