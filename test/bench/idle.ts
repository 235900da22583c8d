import { setTimeout as sleep } from 'node:timers/promises';
import { connectBerth } from '../../packages/sdk/src/client.ts';
import { Engine } from '../harness/engine.ts';
import { loadBusybox } from './busybox.ts';
import { proportional, resident } from './process-memory.ts';
import { compare, type Findings } from './report.ts';

/** What a daemon takes that has nothing to do. */
export async function measureIdle(): Promise<Findings> {
  await using engine = await Engine.start();
  await sleep(2000);
  const fresh = [resident(engine.pid), proportional(engine.pid)] as const;
  await loadBusybox(engine);
  const { containers } = connectBerth({ socket: engine.socket });
  for (let count = 0; count < 50; count++) {
    const { id } = await containers.create({ image: 'busybox', command: ['/bin/true'] });
    await containers.start(id);
    await containers.wait(id);
    await containers.remove(id);
  }
  await sleep(5000);
  const samples = new Map([
    ['berthd, resident', [fresh[0]]],
    ['berthd, proportional', [fresh[1]]],
    ['berthd after a load and 50 containers, resident', [resident(engine.pid)]],
  ]);
  return { rows: compare('idle daemon', samples, { unit: 'MiB', aim: 70 }), notes: [] };
}
