import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type BerthClient, connectBerth } from '../../packages/sdk/src/client.ts';
import type { Explanation } from '../../packages/wire/src/native/api.ts';
import { Engine } from '../harness/engine.ts';
import { loadBusybox, unpackBusybox } from './busybox.ts';
import { Bundle, workingRuntimes } from './peer/oci-runtime.ts';
import { compare, type Findings } from './report.ts';
import { inTurns, timed } from './statistics.ts';
import { explainTime } from './where-time-goes.ts';

const rounds = 100;
const warmUp = 10;
const own = 'berth: start, then wait';

/** From the start of a container to the news of its exit, with default isolation. */
export async function measureStart(): Promise<Findings> {
  await using engine = await Engine.start();
  await loadBusybox(engine);
  const client = connectBerth({ socket: engine.socket });
  const folder = mkdtempSync('/tmp/bs-');
  try {
    const rootfs = await unpackBusybox(path.join(folder, 'rootfs'));
    // It stays: the spec mounts its files of /etc.
    const model = await client.containers.create({ image: 'busybox', command: ['/bin/true'] });
    using bundle = new Bundle((await client.containers.inspect(model.id)).spec, rootfs);
    const { programs, notes } = await workingRuntimes(bundle);
    let explanation: Explanation | undefined;
    const each = new Map([
      [own, async () => await startOnce(client, (last) => (explanation = last))],
      ['berth: create, start, wait, remove', async () => await timed(() => wholeLife(client))],
      ...[...programs].map(([name, program]) => [`${name} run`, () => bundle.run(program)] as const),
      ['bare C, no network namespace', async () => bare(folder, rootfs, false)],
      ['bare C', async () => bare(folder, rootfs, true)],
    ]);
    await inTurns(each, warmUp);
    const samples = await inTurns(each, rounds);
    return {
      rows: compare('start to exit of /bin/true', samples, { unit: 'ms', aim: 5 }),
      notes: [
        ...notes,
        'runc and crun run our spec on a plain folder: no overlay to mount, no record to keep',
        'the first attach to a cgroup is in these times; kernels without favordynmods wait there for an RCU period',
        ...explainTime(explanation),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOnce({ containers }: BerthClient, explained: (last: Explanation) => void): Promise<number> {
  const { id } = await containers.create({ image: 'busybox', command: ['/bin/true'] });
  const took = await timed(async () => {
    await containers.start(id);
    await containers.wait(id);
  });
  explained(await containers.explain(id));
  await containers.remove(id);
  return took;
}

async function wholeLife({ containers }: BerthClient): Promise<void> {
  const { id } = await containers.create({ image: 'busybox', command: ['/bin/true'] });
  await containers.start(id);
  await containers.wait(id);
  await containers.remove(id);
}

/** The bare program counts its own nanoseconds: its process is no part of them. */
function bare(folder: string, rootfs: string, network: boolean): number {
  const program = path.join(folder, 'bare');
  const place = mkdtempSync(path.join(folder, 'run-'));
  if (!isBuilt) {
    execFileSync('cc', ['-O2', '-Wall', '-static', '-o', program, path.join(import.meta.dirname, 'programs/bare.c')]);
    isBuilt = true;
  }
  for (const name of ['upper', 'work', 'root']) mkdirSync(path.join(place, name));
  const printed = execFileSync(program, ['1', network ? '1' : '0', rootfs, place], { encoding: 'utf8' });
  rmSync(place, { recursive: true });
  return Number(printed) / 1e6;
}

let isBuilt = false;
