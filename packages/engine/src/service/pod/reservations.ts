import { BerthError } from '@berth/model/error';
import type { CallContext } from '@berth/model/context';
import { unlessAborted } from './unless-aborted.ts';

/** Milliseconds that an answer may take to its client, and the client to look at it. */
const crossing = 100;

interface Reservation {
  /** What was asked for, in a form that is equal for equal requests. */
  readonly asked: string;
  /** The id that comes of it. */
  readonly made: Promise<string>;
  /** The same once it is there. */
  id?: string;
  /** Whether a client has been given the id. */
  handed: boolean;
}

export interface Request {
  readonly name: string;
  readonly asked: string;
  /** The making itself goes on without it. */
  readonly client: Pick<CallContext, 'signal' | 'deadline'>;
}

/**
 * Names in use, and who gets what is made under them. A client that went away before the end (kubelet's deadlines are
 * short) asks again: it gets what was finished meanwhile, or waits for it, instead of 'name is reserved'. An answer may cross
 * its client's deadline on the way: one that is given shortly before it counts as given to nobody.
 */
export class Reservations {
  readonly #what: string;
  readonly #all = new Map<string, Reservation>();
  readonly #onHanded: (id: string) => void;

  /** @param what stands under the names, for messages */
  constructor(what: string, onHanded: (id: string) => void) {
    this.#what = what;
    this.#onHanded = onHanded;
  }

  /**
   * Makes it, or hands out what an earlier and equal request has made for nobody. A failure frees the name.
   * @throws already_exists (`name_reserved`), what `make` throws, the signal's reason
   */
  async take({ name, asked, client }: Request, make: () => Promise<string>): Promise<string> {
    const { signal, deadline = Infinity } = client;
    signal.throwIfAborted();
    let mine = this.#all.get(name);
    if (mine === undefined) mine = this.#begin(name, asked, make);
    else if (mine.handed || mine.asked !== asked) throw this.#reserved(name, mine);
    const id = await unlessAborted(mine.made, signal);
    // Both at once: nobody is there to be given it.
    signal.throwIfAborted();
    // Two that waited for the same: one of them is its owner.
    if (mine.handed) throw this.#reserved(name, mine);
    if (deadline - performance.now() > crossing) {
      mine.handed = true;
      this.#onHanded(id);
    }
    return id;
  }

  /** Of an object that an earlier daemon made. */
  restore(name: string, asked: string, { id, handed }: { readonly id: string; readonly handed: boolean }): void {
    this.#all.set(name, { asked, made: Promise.resolve(id), id, handed });
  }

  /** What was finished for nobody and may be handed out by the next call. */
  unclaimed(name: string): string | undefined {
    const found = this.#all.get(name);
    return found?.handed === false ? found.id : undefined;
  }

  /** When nothing is left of what stood under it. */
  release(name: string): void {
    this.#all.delete(name);
  }

  #begin(name: string, asked: string, make: () => Promise<string>): Reservation {
    const reservation: Reservation = { asked, made: make(), handed: false };
    this.#all.set(name, reservation);
    const free = (): void => {
      if (this.#all.get(name) === reservation) this.#all.delete(name);
    };
    // Whoever waits for it hears of a failure too.
    reservation.made.then((id) => (reservation.id = id), free);
    return reservation;
  }

  #reserved(name: string, { id }: Reservation): BerthError {
    const by = id ?? 'one that is being made';
    return new BerthError('already_exists', `the ${this.#what} name ${name} is reserved for ${by}`, {
      code: 'name_reserved',
      hint: `remove that ${this.#what} first, or give another attempt number`,
    });
  }
}
