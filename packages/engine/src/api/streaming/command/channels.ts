import type { CommandStreams } from '../contract.ts';
import type { CommandOutcome } from './status.ts';

/** The streams of a command over one of the transports, and the word that ends them. */
export interface CommandChannels extends CommandStreams {
  /** Tells how the command ended, behind all its output, and closes the connection. */
  finish(outcome: CommandOutcome): Promise<void>;
}
