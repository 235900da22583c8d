/**
 * Counts the writes since the last collection that may have made garbage. Writes that were undone count too: that
 * costs a collection at most.
 */
export class Mutations {
  /** Called after each of them, inside its transaction. */
  onChange: () => void = () => undefined;
  /** Called when a collection starts to look, inside its transaction. */
  onReset: () => void = () => undefined;
  #count = 0;
  #deletions = 0;

  get count(): number {
    return this.#count;
  }

  get deletions(): number {
    return this.#deletions;
  }

  /** Something is there or has changed. */
  change(): void {
    this.#count += 1;
    this.onChange();
  }

  /** Something that may have held other things is gone. */
  deletion(): void {
    this.#deletions += 1;
    this.change();
  }

  /** A collection has seen all of them. */
  reset(): void {
    this.#count = 0;
    this.#deletions = 0;
    this.onReset();
  }
}
