import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defaultSpec } from '../../packages/runtime/src/defaults/spec.ts';
import { unpackBusybox } from './busybox.ts';
import { peerEnv } from './peer/packages.ts';
import { Bundle, workingRuntimes } from './peer/oci-runtime.ts';
import { compare, type Findings } from './report.ts';
import { inTurns } from './statistics.ts';
import { timedCommand } from './timed-command.ts';

const rounds = 30;
const own = path.join(import.meta.dirname, '../../bin/berth-oci');

/** The three commands of a container's life, one after the other, as containerd's shim calls them. */
export async function measureOciCommand(): Promise<Findings> {
  const folder = mkdtempSync('/tmp/bo-');
  try {
    const rootfs = await unpackBusybox(path.join(folder, 'rootfs'));
    using bundle = new Bundle(defaultSpec({ rootPath: rootfs, args: ['/bin/true'] }), rootfs);
    const { programs, notes } = await workingRuntimes(bundle, ['/bin/true']);
    if (!existsSync(own)) return { rows: [], notes: [`${own} is not there`] };
    const all = [['berth-oci', own], ...programs] as const;
    const each = new Map([
      ...all.map(([name, program]) => [`${name}: create, start, delete`, () => bundle.life(program)] as const),
      ['node with an empty program, once', () => timedCommand([process.execPath, '-e', '0'], peerEnv())] as const,
    ]);
    await inTurns(each, 3);
    const samples = await inTurns(each, rounds);
    return {
      rows: compare('create, start and delete as commands', samples, { unit: 'ms' }),
      notes: [...notes, 'three commands are three starts of Node: three times its own is the floor of berth-oci'],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
