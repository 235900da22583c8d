import { randomBytes } from 'node:crypto';
import { BerthError } from '@berth/model/error';

/** As in the reference server: a URL is to be used at once, and who asks for a thousand uses none. */
const lifetime = 60_000;
const most = 1000;

/** What a URL stands for until it is used, once, within a minute. */
export class Tokens<T> {
  readonly #waiting = new Map<string, { readonly value: T; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @throws resource_exhausted (`too_many_tokens`) */
  give(value: T): string {
    this.#forgetOld();
    if (this.#waiting.size >= most) {
      throw new BerthError('resource_exhausted', `${most} streaming URLs wait to be used already`, {
        code: 'too_many_tokens',
        hint: 'connect to a URL when it is given; those that are not used are forgotten after a minute',
      });
    }
    const token = randomBytes(16).toString('base64url');
    this.#waiting.set(token, { value, until: this.#now() + lifetime });
    return token;
  }

  /** Undefined for one that is unknown, used or too old. */
  take(token: string): T | undefined {
    const found = this.#waiting.get(token);
    this.#waiting.delete(token);
    return found !== undefined && found.until > this.#now() ? found.value : undefined;
  }

  /** The oldest come first in a Map. */
  #forgetOld(): void {
    const now = this.#now();
    for (const [token, { until }] of this.#waiting) {
      if (until > now) return;
      this.#waiting.delete(token);
    }
  }
}
