import { closeSync, constants, openSync, readSync } from 'node:fs';
import { openIfThere } from '@berth/addon/file';
import { O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '@berth/addon/flag';

/** No /etc/passwd of sane people is larger, bytes. */
const fileLimit = 4 << 20;

/**
 * A file as a running container sees it. The container may change its tree while we look: the kernel keeps the path
 * inside the root, and a pipe or device in its place does not hold us up.
 */
export function readRunningFile(pid: number, path: string): Uint8Array | undefined {
  const root = openSync(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
  try {
    const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const fd = openIfThere(root, path, { flags: constants.O_RDONLY | constants.O_NONBLOCK, resolve });
    if (fd === undefined) return undefined;
    try {
      return readUpTo(fd, fileLimit);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(root);
  }
}

function readUpTo(fd: number, limit: number): Uint8Array {
  const chunks: Buffer[] = [];
  for (let size = 0; size < limit;) {
    const chunk = Buffer.alloc(64 << 10);
    const count = readSync(fd, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    size += count;
  }
  return Buffer.concat(chunks);
}
