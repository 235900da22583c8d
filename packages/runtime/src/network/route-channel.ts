import { read, write } from 'node:fs';
import { promisify } from 'node:util';
import { close } from '@berth/addon/file';
import { netlinkSocketIn } from '@berth/addon/namespace';
import { netlinkSocket } from '@berth/addon/netlink';
import { encode, isRefusal, NLM_F, refusalOf, type RouteRequest, split } from '../launch/route-socket.ts';

const readFrom = promisify(read);
const writeTo = promisify(write);

/** One answer to each request, and a request is small: many fit. */
const room = 64 * 1024;

export interface NamedRequest {
  readonly request: RouteRequest;
  /** For the error. */
  readonly what: string;
}

/**
 * Changes to links, addresses and routes of one network namespace, made on a thread of the pool: the kernel makes them
 * within the send, one at a time on the whole machine, and taking a link away waits there for tens of milliseconds.
 */
export class RouteChannel implements Disposable {
  readonly #fd: number;
  #sequence = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Of the namespace at `path`, or our own. */
  static open(path?: string): RouteChannel {
    return new RouteChannel(path === undefined ? netlinkSocket() : netlinkSocketIn(path));
  }

  /** Makes the changes in their order; the first that is refused ends it. One call at a time. @throws the kernel's errno */
  async change(requests: readonly NamedRequest[]): Promise<void> {
    for (const { request, what } of requests) {
      const errno = await taken(() => this.#ask(request));
      if (errno !== 0) throw refusalOf(errno, what);
    }
  }

  async #ask(request: RouteRequest): Promise<number> {
    this.#sequence += 1;
    const message = encode({ ...request, flags: NLM_F.REQUEST | NLM_F.ACK | request.flags }, this.#sequence);
    await writeTo(this.#fd, message);
    const { bytesRead, buffer } = await readFrom(this.#fd, Buffer.allocUnsafe(room), 0, room, null);
    const answer = split(buffer.subarray(0, bytesRead)).find(isRefusal);
    return answer?.body.readInt32LE(0) ?? 0;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

let last: Promise<unknown> = Promise.resolve();

/** The kernel's own lock would let them wait too, each on a thread that others need. */
function taken<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work, work);
  last = turn.catch(() => undefined);
  return turn;
}
