import { readFile, writeFile } from 'node:fs/promises';
import { BerthError, errnoName } from '@berth/model/error';
import { decodePlan } from '@berth/runtime/plan/decode';
import { encodePlan } from '@berth/runtime/plan/encode';
import type { Plan } from '@berth/runtime/plan/record';
import type { ReportEntry } from '@berth/runtime/shim/message';

/** The plan of a container's last start and what became of each of its records. */
export interface StartRecord {
  readonly plan: Plan;
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint;
  /** Nanoseconds from the call to the running program, or to the failure. */
  readonly total: number;
  readonly report: readonly ReportEntry[];
  readonly failed?: FailedStep;
}

interface FailedStep {
  readonly record: number | undefined;
  readonly errno: number;
  readonly errnoName: string;
  readonly message?: string;
  readonly hint?: string | undefined;
}

/** Written this long after the start, ms: a short-lived container's end should not wait for it. */
const writeDelay = 100;

/** The file that keeps a container's last start. */
export class StartRecordFile {
  readonly #file: string;
  #unwritten: StartRecord | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  save(record: StartRecord): void {
    this.#unwritten = record;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void (this.#writing = this.#write(record)), writeDelay);
  }

  /** @throws failed_precondition (`never_started`) */
  async read(name: string): Promise<StartRecord> {
    if (this.#unwritten !== undefined) return this.#unwritten;
    try {
      const saved = JSON.parse(await readFile(this.#file, 'utf8')) as Saved;
      return { ...saved, startedAt: BigInt(saved.startedAt), plan: decodePlan(Buffer.from(saved.plan, 'base64')) };
    } catch (cause) {
      if (errnoName(cause) !== 'ENOENT') throw cause;
      throw new BerthError('failed_precondition', `container ${name} has not been started yet`, {
        code: 'never_started',
      });
    }
  }

  /** Nothing is written any more once this resolves. */
  async drop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#unwritten = undefined;
    await this.#writing;
  }

  async #write({ plan, startedAt, ...rest }: StartRecord): Promise<void> {
    const encoded = Buffer.from(encodePlan(plan)).toString('base64');
    const text = JSON.stringify({ ...rest, startedAt: String(startedAt), plan: encoded });
    // An explanation is nice to have: a full disk must not hurt a container.
    await writeFile(this.#file, text, { mode: 0o600 }).catch(() => undefined);
    this.#unwritten = undefined;
  }
}

type Saved = Omit<StartRecord, 'startedAt' | 'plan'> & { readonly startedAt: string; readonly plan: string };
