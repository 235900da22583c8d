import { write } from 'node:fs';
import { promisify } from 'node:util';
import { close } from '@berth/addon/file';
import { netlinkSocketIn } from '@berth/addon/namespace';
import { netlinkReceive, netlinkSocket } from '@berth/addon/netlink';
import { encode, isRefusal, NLM_F, refusalOf, type RouteRequest, split } from '../launch/route-socket.ts';

const writeTo = promisify(write);

const acknowledged = NLM_F.REQUEST | NLM_F.ACK;

export interface NamedRequest {
  readonly request: RouteRequest;
  /** For the error. */
  readonly what: string;
}

/** What takes devices away is slow, and has a lane of its own: pods to come do not queue behind those that go. */
export type Lane = 'making' | 'taking';

/**
 * Changes to links, addresses and routes of one network namespace, made on a thread of the pool: the kernel makes them
 * within the send, one at a time on the whole machine, and taking a link away waits there for tens of milliseconds.
 */
export class RouteChannel implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Of the namespace at `path`, or our own. */
  static open(path?: string): RouteChannel {
    return new RouteChannel(path === undefined ? netlinkSocket() : netlinkSocketIn(path));
  }

  /**
   * Makes the changes in their order, in one go: those behind one that is refused are tried too. Those of different lanes do
   * not wait for each other here. @throws the first's errno
   */
  async change(requests: readonly NamedRequest[], lane: Lane = 'making'): Promise<void> {
    const messages = requests.map(({ request }) => encode({ ...request, flags: acknowledged | request.flags }, 0));
    await taken(lane, () => writeTo(this.#fd, Buffer.concat(messages)));
    // An answer each, in datagrams of their own; all of them are there by now.
    const refusals = requests.map(({ what }) => ({ what, errno: errnoIn(netlinkReceive(this.#fd)) }));
    const first = refusals.find(({ errno }) => errno !== 0);
    if (first !== undefined) throw refusalOf(first.errno, first.what);
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

function errnoIn(datagram: Buffer): number {
  return split(datagram).find(isRefusal)?.body.readInt32LE(0) ?? 0;
}

const last: Record<Lane, Promise<unknown>> = { making: Promise.resolve(), taking: Promise.resolve() };

/** The kernel's own lock would let them wait too, each on a thread that others need. */
function taken<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
  const turn = last[lane].then(work, work);
  last[lane] = turn.catch(() => undefined);
  return turn;
}
