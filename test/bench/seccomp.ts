import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { dockerSeccomp } from '../../packages/runtime/src/defaults/gen/docker-seccomp.ts';
import { architecturesOf } from '../../packages/runtime/src/seccomp/architecture.ts';
import { compileSeccomp } from '../../packages/runtime/src/seccomp/compile.ts';
import { interpret } from '../../packages/runtime/src/seccomp/interpret.ts';
import { resolveProfile } from '../../packages/runtime/src/seccomp/profile.ts';
import { buildPeer, throughPeer } from '../runtime/libseccomp.ts';
import { compare, type Findings } from './report.ts';
import { inTurns, timed } from './statistics.ts';

const native = process.arch === 'arm64' ? 'arm64' : 'x64';
/** Calls that programs make all the time, and one that docker's profile looks at closely. */
const calls = ['read', 'write', 'futex', 'openat', 'epoll_pwait', 'clone'];

/** Docker's default profile as a filter: how long it takes to make, and how far a call goes through it. */
export async function measureSeccomp(): Promise<Findings> {
  const facts = { architecture: native, kernel: '6.18.0', capabilities: ['CAP_CHOWN', 'CAP_NET_RAW'] } as const;
  const spec = resolveProfile(dockerSeccomp, facts);
  const folder = mkdtempSync('/tmp/bp-');
  try {
    const exporter = path.join(folder, 'libseccomp-export');
    const missing = buildPeer(exporter);
    const each = new Map([
      ['berth: compile', async () => await timed(() => Promise.resolve(compileSeccomp({ ...spec }, native)))],
      ...(missing === undefined
        ? [
            [
              'libseccomp, as a program',
              async () => await timed(() => Promise.resolve(throughPeer(exporter, spec))),
            ] as const,
          ]
        : []),
    ]);
    // The first one compiles with code that is not warm yet: what a command pays, and a daemon pays once.
    const first = await timed(() => Promise.resolve(compileSeccomp({ ...spec }, native)));
    await inTurns(each, 5);
    const rows = compare("docker's default profile to BPF", await inTurns(each, 40), { unit: 'ms' });
    const ours = compileSeccomp(spec, native).program;
    const notes = [`the first compilation of a process takes ${first.toFixed(2)} ms`, counted('berth', ours)];
    if (missing !== undefined) return { rows, notes: [...notes, missing] };
    return { rows, notes: [...notes, counted('libseccomp', throughPeer(exporter, spec).program)] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function counted(whose: string, program: Uint8Array): string {
  const [own] = architecturesOf(undefined, native);
  const steps = calls.flatMap((name) => {
    const number = own?.numbers[name];
    return own === undefined || number === undefined
      ? []
      : [`${name} ${interpret(program, { audit: own.audit, number }).steps}`];
  });
  return `${whose}: ${program.length / 8} instructions, passed by ${steps.join(', ')}`;
}
