import type { BerthClient } from '@berth/sdk/client';
import type { DaemonPlace } from './daemon/place.ts';
import type { FlagTable, FlagValues } from './flag/spec.ts';

/** One command of `berth`; a file of `command/` each. */
export interface Command<F extends FlagTable = FlagTable> {
  /** `run [OPTIONS] IMAGE [COMMAND] [ARG...]` */
  readonly usage: string;
  readonly flags: F;
  readonly arguments: { readonly least: number; readonly most?: number };
  /** The first argument ends the flags: what follows belongs to the container's command. */
  readonly stopAtArgument?: boolean;
  /** The exit code of its own failures; 1 unless told. */
  readonly failureCode?: number;
  /** The exit code; nothing is success. */
  readonly run: (call: CommandCall<F>) => Promise<number | void>;
}

export interface CommandCall<F extends FlagTable = FlagTable> {
  readonly flags: FlagValues<F>;
  readonly args: readonly string[];
  /** Starts a daemon when none answers. */
  readonly client: BerthClient;
  readonly place: DaemonPlace;
  /** As given before the command or in BERTH_NAMESPACE; the client has it already. */
  readonly namespace: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Ties the types of the flags to those of `run`. */
export function defineCommand<const F extends FlagTable>(command: Command<F>): Command {
  return command as unknown as Command;
}

/** The argument at a place that `arguments.least` guarantees. */
export function argument(args: readonly string[], at: number): string {
  const value = args[at];
  if (value === undefined) throw new RangeError(`there is no argument ${at}`);
  return value;
}
