import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Log } from '@berth/model/context';
import { asError, errnoName } from '@berth/model/error';
import { type NetworkList, parseNetworkList, parsePlugin } from './network-list.ts';

export interface NetworkChoice {
  /** Absent when no file of the folder is a network. */
  readonly network?: NetworkList;
  /** The file it is from. */
  readonly file?: string;
  /** What is wrong with files that come before it, or with all. */
  readonly problems: readonly string[];
}

/**
 * The network of pods: the first file of the folder, by name, that is one, as kubelet's runtimes choose it. Whether
 * something has changed is asked of the files each time, which takes less than a tenth of a millisecond and, unlike a
 * watch, is never late and needs no folder to begin with.
 */
export class ConfigurationFolder {
  readonly #folder: string;
  readonly #log: Log;
  #state = '';
  #choice: NetworkChoice = { problems: [] };

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  current(): NetworkChoice {
    const files = tried(() => filesOf(this.#folder));
    if (files instanceof Error) return { problems: [files.message] };
    const state = files.map(stateOf).join('\n');
    if (state === this.#state) return this.#choice;
    this.#state = state;
    const before = JSON.stringify(this.#choice);
    this.#choice = choose(files.filter((file) => path.dirname(file) === this.#folder && isList(file)));
    // Programs that network plugins install here keep files of their own in folders, and change them often.
    if (JSON.stringify(this.#choice) !== before) this.#tell();
    return this.#choice;
  }

  #tell(): void {
    const { network, file, problems } = this.#choice;
    for (const problem of problems) this.#log.warn(`network configuration left out: ${problem}`);
    this.#log.info(network === undefined ? `no network configuration in ${this.#folder}` : `network of pods: ${file}`);
  }
}

function tried<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return asError(error);
  }
}

function isList(file: string): boolean {
  return ['.conf', '.conflist', '.json'].includes(path.extname(file));
}

/** Sorted; with those of folders, which are plugins of the network of that name. */
function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .toSorted()
      .map((name) => path.join(folder, name));
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}

function stateOf(file: string): string {
  const status = statSync(file, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? file : `${file} ${status.ino} ${status.size} ${status.mtimeNs} ${status.ctimeNs}`;
}

function choose(files: readonly string[]): NetworkChoice {
  const problems: string[] = [];
  for (const file of files) {
    try {
      return { network: readNetwork(file), file, problems };
    } catch (error) {
      problems.push(`${file}: ${asError(error).message}`);
    }
  }
  return { problems };
}

function readNetwork(file: string): NetworkList {
  const list = parseNetworkList(readFileSync(file, 'utf8'));
  if (list.onlyInlined) return list;
  const beside = filesOf(path.join(path.dirname(file), list.name)).filter((one) => one.endsWith('.conf'));
  if (beside.length === 0 && list.plugins.length > 0) return list;
  if (beside.length === 0) throw new Error(`plugins is empty, and so is the folder ${list.name}`);
  const plugins = [...list.plugins, ...beside.map((one) => parsePlugin(readFileSync(one, 'utf8')))];
  // What is kept of it for later has to be the whole.
  const source = JSON.stringify({ ...(JSON.parse(list.source) as object), plugins, loadOnlyInlinedPlugins: true });
  return { ...list, plugins, source };
}
