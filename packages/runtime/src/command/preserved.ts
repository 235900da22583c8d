import { BerthError } from '@berth/model/error';

/** Set by bin/berth-oci before Node opened descriptors of its own: ` 0 1 2 7`. */
const openedVariable = 'BERTH_OCI_DESCRIPTORS';

/**
 * How many descriptors from 3 on the process gets: those of socket activation ($LISTEN_FDS) and the `asked` ones behind
 * them. @throws invalid_argument when one of them is not open
 */
export function preservedDescriptors(asked: number, env: NodeJS.ProcessEnv = process.env): number {
  if (asked < 0) throw bad(`--preserve-fds: not a number of descriptors: ${asked}`);
  const listening = Number(env['LISTEN_FDS'] ?? 0);
  const count = (Number.isInteger(listening) && listening > 0 ? listening : 0) + asked;
  // Without the list (the bundle was started by itself) there is no telling: the process gets what there is.
  const listed = new Set(env[openedVariable]?.trim().split(' ').map(Number));
  for (let fd = 3; listed.size > 0 && fd < 3 + count; fd += 1) {
    if (!listed.has(fd)) throw bad(`unable to stat preserved-fd ${fd} (of ${count}): no such file or directory`);
  }
  return count;
}

function bad(message: string): BerthError {
  return new BerthError('invalid_argument', message, { code: 'bad_descriptor' });
}
