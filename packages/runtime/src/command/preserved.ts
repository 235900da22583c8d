import { BerthError } from '@berth/model/error';
import type { ProcessSpec } from '@berth/model/runtime-spec';

/** Set by bin/berth-oci before Node opened descriptors of its own: ` 0 1 2 7`. */
const openedVariable = 'BERTH_OCI_DESCRIPTORS';

/**
 * How many descriptors from 3 on the process gets: those of socket activation ($LISTEN_FDS), which are for the first
 * process only, and the `asked` ones behind them. @throws invalid_argument when one of them is not open
 */
export function preservedDescriptors(
  asked: number,
  { first, env = process.env }: { readonly first: boolean; readonly env?: NodeJS.ProcessEnv },
): number {
  if (asked < 0) throw bad(`--preserve-fds: not a number of descriptors: ${asked}`);
  const count = (first ? listeningDescriptors(env) : 0) + asked;
  // Without the list (the bundle was started by itself) there is no telling: the process gets what there is.
  const listed = new Set(env[openedVariable]?.trim().split(' ').map(Number));
  for (let fd = 3; listed.size > 0 && fd < 3 + count; fd += 1) {
    if (!listed.has(fd)) throw bad(`unable to stat preserved-fd ${fd} (of ${count}): no such file or directory`);
  }
  return count;
}

/** Sockets of socket activation, sd_listen_fds(3): ours only if they are meant for this process. */
export function listeningDescriptors(env: NodeJS.ProcessEnv = process.env): number {
  const count = Number(env['LISTEN_FDS'] ?? 0);
  return env['LISTEN_PID'] === String(process.pid) && Number.isInteger(count) && count > 0 ? count : 0;
}

/** The process with what it needs to find its sockets: it is the first of its pid namespace. */
export function withListening(spec: ProcessSpec, env: NodeJS.ProcessEnv = process.env): ProcessSpec {
  const count = listeningDescriptors(env);
  return count === 0 ? spec : { ...spec, env: [...spec.env, `LISTEN_FDS=${count}`, 'LISTEN_PID=1'] };
}

function bad(message: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'bad_descriptor' });
}
