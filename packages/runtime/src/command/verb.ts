import type { FlagTable, FlagValues } from './flag.ts';
import type { CommandLog } from './log.ts';

/** What the words before the verb say. */
export interface Globals {
  /** The state folder, absolute. */
  readonly root: string;
  readonly systemdCgroup: boolean;
  /** `auto`: decided by who asks (`isRootless`). */
  readonly rootless: boolean | 'auto';
  readonly debug: boolean;
}

/** One call of a verb. */
export interface Invocation<F extends FlagTable = FlagTable> {
  readonly globals: Globals;
  readonly flags: FlagValues<F>;
  readonly args: readonly string[];
  readonly given: ReadonlySet<string>;
  readonly log: CommandLog;
}

/** What a verb's file exports; the result is the exit code. */
export interface VerbModule {
  run(invocation: Invocation): number | Promise<number>;
}

/** A row of the verb table: all that help and the parser need, without the verb's own code. */
export interface Verb {
  readonly summary: string;
  /** The words behind the flags. */
  readonly usage: string;
  readonly flags: FlagTable;
  /** Bounds of the number of arguments. */
  readonly args: { readonly least: number; readonly most?: number };
  readonly stopAtArgument?: boolean;
  /** Exit code of a failure; 1 when absent. */
  readonly failure?: number;
  /** What the error line begins with: `create` gives `berth-oci create failed: `. */
  readonly prefix?: string;
  load(): Promise<VerbModule>;
}
