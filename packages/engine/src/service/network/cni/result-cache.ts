import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoName } from '@berth/model/error';
import type { Capabilities } from './capability.ts';
import type { CniResult } from './plugin-answer.ts';

/** What is kept of an attachment, in the words of libcni's files, so that other tools can read them. */
export interface CachedAttachment {
  readonly kind: 'cniCacheV1';
  readonly containerId: string;
  /** The whole list as it was then, base64; empty where only the file's name is known. */
  readonly config: string;
  readonly ifName: string;
  readonly networkName: string;
  readonly netns?: string;
  readonly cniArgs?: readonly (readonly [string, string])[];
  readonly capabilityArgs?: Capabilities;
  /** Absent while ADD has not come to its end. */
  readonly result?: CniResult;
}

/**
 * Files as libcni's (`results/NETWORK-CONTAINER-INTERFACE`). Each is there before its ADD begins, without a result, so
 * that a daemon that is killed in the middle knows what to take back.
 */
export class ResultCache {
  readonly #folder: string;

  constructor(cacheFolder: string) {
    this.#folder = path.join(cacheFolder, 'results');
  }

  write(attachment: CachedAttachment): void {
    const file = this.#file(attachment);
    // Under another name first: half a file would hide what has to be undone. The dot keeps it out of `list`.
    const draft = path.join(this.#folder, `.${path.basename(file)}`);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(draft, JSON.stringify(attachment), { mode: 0o600 });
    renameSync(draft, file);
  }

  /** What a killed daemon was about to write: nothing had begun for it. */
  dropDrafts(): void {
    for (const name of namesIn(this.#folder).filter((one) => one.startsWith('.')))
      rmSync(path.join(this.#folder, name), { force: true });
  }

  remove(attachment: CachedAttachment): void {
    rmSync(this.#file(attachment), { force: true });
  }

  /** Those of one container: more than one when the network changed its name between tries. */
  of(containerId: string): CachedAttachment[] {
    return this.#read((name) => name.includes(`-${containerId}-`)).filter((one) => one.containerId === containerId);
  }

  list(): CachedAttachment[] {
    return this.#read(() => true);
  }

  #file({ networkName, containerId, ifName }: CachedAttachment): string {
    return path.join(this.#folder, `${networkName}-${containerId}-${ifName}`);
  }

  #read(wanted: (name: string) => boolean): CachedAttachment[] {
    const names = namesIn(this.#folder).filter((name) => !name.startsWith('.') && wanted(name));
    return names.flatMap((name) => readEntry(path.join(this.#folder, name)));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A file that a loss of power has emptied, or of older releases, tells by its name what it is of. None when it is gone. */
function readEntry(file: string): CachedAttachment[] {
  try {
    const entry = JSON.parse(readFileSync(file, 'utf8')) as Partial<CachedAttachment>;
    const isWhole = entry.kind === 'cniCacheV1' && [entry.containerId, entry.ifName, entry.networkName].every(Boolean);
    return isWhole ? [entry as CachedAttachment] : entryOfName(file);
  } catch (error) {
    if (error instanceof SyntaxError) return entryOfName(file);
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Only where it is plain: names of networks may have dashes, ids of pods have 64 digits. */
function entryOfName(file: string): CachedAttachment[] {
  const [, networkName, containerId, ifName] = /^(.+)-([\da-f]{64})-(.+)$/.exec(path.basename(file)) ?? [];
  if (networkName === undefined || containerId === undefined || ifName === undefined) return [];
  return [{ kind: 'cniCacheV1', containerId, config: '', ifName, networkName }];
}
