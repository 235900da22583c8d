interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Sizes that may wait: of a terminal only the last one counts, but those before it are told while there is time. */
const maxWaiting = 64;

/** Bytes of one message. */
const maxMessage = 1024;

/** Two whole numbers by name. All of these are JSON: a client that sends anything else costs no exception for each brace. */
const twoNumbers = (() => {
  const gap = String.raw`[\t\n\r ]*`;
  const side = String.raw`${gap}"\w+"${gap}:${gap}(?:0|[1-9]\d*)${gap}`;
  return new RegExp(`^${gap}\\{${side},${side}\\}$`);
})();

/** Sizes of a client's terminal, `{"Width":80,"Height":24}` one behind the other, read from whatever pieces they come in. */
export class Sizes implements AsyncIterable<Size> {
  #text = '';
  #waiting: Size[] = [];
  #isEnded = false;
  #more: (() => void) | undefined;

  /** What is no size, or has a side of nothing, is passed over: a terminal that keeps its size harms nobody. */
  push(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString('latin1');
    for (let end = this.#text.indexOf('}'); end >= 0; end = this.#text.indexOf('}')) {
      const size = readSize(this.#text.slice(0, end + 1));
      this.#text = this.#text.slice(end + 1);
      if (size !== undefined) this.#waiting.push(size);
    }
    if (this.#text.length > maxMessage) this.#text = '';
    this.#waiting.splice(0, this.#waiting.length - maxWaiting);
    this.#more?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#more?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Size, void, undefined> {
    for (;;) {
      const size = this.#waiting.shift();
      if (size !== undefined) yield size;
      else if (this.#isEnded) return;
      else await new Promise<void>((resolve) => (this.#more = resolve));
    }
  }
}

function readSize(text: string): Size | undefined {
  if (!twoNumbers.test(text)) return undefined;
  const { Width: columns, Height: rows } = JSON.parse(text) as Record<string, unknown>;
  return isSide(columns) && isSide(rows) ? { rows, columns } : undefined;
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 0xffff;
}
