/**
 * Digests whose file is in place, or about to be, while their record is still to be written. The collector
 * leaves such files alone: without this it could take the file of a blob that another call is just recording.
 */
export class BlobPins {
  readonly #counts = new Map<string, number>();

  hold(digest: string): void {
    this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1);
  }

  release(digest: string): void {
    const count = (this.#counts.get(digest) ?? 1) - 1;
    if (count === 0) this.#counts.delete(digest);
    else this.#counts.set(digest, count);
  }

  has(digest: string): boolean {
    return this.#counts.has(digest);
  }
}
