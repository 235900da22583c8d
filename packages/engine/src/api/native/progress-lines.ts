/**
 * Lines that a long operation pushes and a client reads. Progress may be dropped when the client is slow (only the
 * newest line of an id is kept), the last line never is.
 */
export class ProgressLines<T extends { readonly id?: string; readonly status?: string }> implements AsyncIterable<T> {
  readonly #waiting = new Map<string, T>();
  #last: T | undefined;
  #wake: () => void = () => {};

  push(line: T): void {
    const key = `${line.id ?? ''} ${line.status ?? ''}`;
    this.#waiting.delete(key);
    this.#waiting.set(key, line);
    this.#wake();
  }

  end(line: T): void {
    this.#last = line;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      for (const [key, line] of this.#waiting) {
        this.#waiting.delete(key);
        yield line;
      }
      if (this.#waiting.size > 0) continue;
      if (this.#last !== undefined) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    yield this.#last;
  }
}
