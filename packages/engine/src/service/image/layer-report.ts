import { shortId } from '@berth/model/digest';
import type { Log } from '@berth/model/context';
import type { Descriptor } from '@berth/model/manifest';
import type { LayerResult } from '@berth/image/layer/job';
import type { Progress, ProgressStep } from './contract.ts';

/** Between two reports of one layer, ms. */
const interval = 100;

/** Tells how far a layer is: while bytes come, how many; then how far unpacking has got. */
export class LayerReport {
  readonly #layer: Descriptor;
  readonly #progress: Progress;
  #told = 0;
  #isComing = false;

  constructor(layer: Descriptor, { progress }: { readonly progress: Progress }) {
    this.#layer = layer;
    this.#progress = progress;
  }

  present(): void {
    this.#tell({ status: 'already there' });
  }

  readonly downloading = (current: number): void => {
    const { size } = this.#layer;
    this.#isComing = current < size;
    this.#tellNow({ status: 'downloading', current, total: size }, !this.#isComing);
  };

  readonly reading = (current: number): void => {
    if (this.#isComing) return;
    this.#tellNow({ status: 'unpacking', current, total: this.#layer.size }, false);
  };

  done(log: Log, { timing, unpackedBytes, entries }: LayerResult): void {
    const rounded = Object.fromEntries(Object.entries(timing).map(([phase, ms]) => [phase, Math.round(ms)]));
    this.#tell({ status: 'done', timing: rounded });
    log.debug('a layer is there', { digest: this.#layer.digest, unpackedBytes, entries, ...rounded });
  }

  #tellNow(step: Omit<ProgressStep, 'id'>, always: boolean): void {
    const now = performance.now();
    if (!always && now - this.#told < interval) return;
    this.#told = now;
    this.#tell(step);
  }

  #tell(step: Omit<ProgressStep, 'id'>): void {
    this.#progress({ id: shortId(this.#layer.digest), ...step });
  }
}
