import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoName } from '@berth/model/error';
import { type AddressRange, parseRanges } from '@berth/model/address-range';

/** The ranges that kubelet has told this machine, kept: it does not tell them again when only the daemon starts anew. */
export class PodRanges {
  readonly #file: string;
  #ranges: readonly AddressRange[];

  constructor(state: string) {
    this.#file = path.join(state, 'pod-ranges');
    this.#ranges = readRanges(this.#file);
  }

  /** None as long as nobody has told. */
  get current(): readonly AddressRange[] {
    return this.#ranges;
  }

  /** @throws invalid_argument (`bad_pod_range`) */
  set(text: string): readonly AddressRange[] {
    const ranges = parseRanges(text);
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const draft = `${this.#file}.new`;
    writeFileSync(draft, `${ranges.map((range) => range.text).join(',')}\n`);
    renameSync(draft, this.#file);
    this.#ranges = ranges;
    return ranges;
  }
}

function readRanges(file: string): readonly AddressRange[] {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? [] : parseRanges(text);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
