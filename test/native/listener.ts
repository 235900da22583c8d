import type { ShimHandlers } from '../../packages/runtime/src/shim/connection.ts';
import type { Exit } from '../../packages/runtime/src/shim/message.ts';

/** A connection that collects what it is told. */
export class Listener implements ShimHandlers {
  readonly output: Record<string, Buffer[]> = {};
  readonly exits: Exit[] = [];
  readonly order: string[] = [];
  #waiting: (() => void)[] = [];

  onOutput({ process, stream, bytes }: { process: number; stream: string; bytes: Uint8Array }): void {
    (this.output[`${process}.${stream}`] ??= []).push(Buffer.from(bytes));
    this.#wake();
  }

  onExit(exit: Exit): void {
    this.exits.push(exit);
    this.order.push(`exit ${exit.process}`);
    this.#wake();
  }

  onClose(): void {
    this.order.push('close');
    this.#wake();
  }

  text(process = 0, stream = 'stdout'): string {
    return Buffer.concat(this.output[`${process}.${stream}`] ?? []).toString();
  }

  async until<T>(what: () => T | undefined | false, seconds = 60): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = what();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > deadline)
        throw new Error(`waited for ${String(what)}; had ${JSON.stringify(this.order)} ${this.text().slice(-300)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }

  exit(process = 0): Promise<Exit> {
    return this.until(() => this.exits.find((exit) => exit.process === process));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
