import { write, writeSync } from 'node:fs';
import { errnoName } from '@berth/model/error';

/** Standard output was closed by its reader (`berth logs | head -1`): time to end, and nothing to complain about. */
export class ClosedOutput extends Error {}

/**
 * Writes text to standard output. `process.stdout` is not used here: its set-up alone takes 5 ms.
 * @throws ClosedOutput
 */
export function print(text: string): void {
  writeAll(1, Buffer.from(text));
}

/** A line to standard error; when that is closed too there is nobody to tell. */
export function printError(text: string): void {
  try {
    writeAll(2, Buffer.from(text));
  } catch (error) {
    if (!(error instanceof ClosedOutput)) throw error;
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if (isClosed(error)) throw new ClosedOutput();
      if (errnoName(error) !== 'EAGAIN') throw error;
      // Somebody made our end non-blocking (ssh and some parents do): wait for the reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

/**
 * Writes output that streams: a slow reader holds back the caller, not the signals of this process.
 * @throws ClosedOutput
 */
export async function writeOutput(descriptor: 1 | 2, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await writeSome(descriptor, bytes.subarray(at));
}

function writeSome(descriptor: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === 'EAGAIN') setTimeout(resolve, 5, 0);
      else reject(isClosed(error) ? new ClosedOutput() : error);
    });
  });
}

/** EIO: the terminal was hung up. ECONNRESET: a socket, which Node's `spawn` gives, was closed with bytes unread. */
function isClosed(error: unknown): boolean {
  return ['EPIPE', 'EIO', 'EBADF', 'ECONNRESET'].includes(errnoName(error) ?? '');
}
