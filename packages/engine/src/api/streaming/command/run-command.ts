import { asError } from '@berth/model/error';
import type { CommandSession } from '../contract.ts';
import type { CommandChannels } from './channels.ts';
import type { CommandOutcome } from './status.ts';

/** Runs what the URL stands for, and tells the client how it ended. */
export async function runCommand(session: CommandSession, channels: CommandChannels): Promise<void> {
  await channels.finish(await outcomeOf(session, channels));
}

async function outcomeOf(session: CommandSession, channels: CommandChannels): Promise<CommandOutcome> {
  try {
    const { exitCode } = await session.run(channels);
    return { exitCode };
  } catch (error) {
    return { error: asError(error) };
  }
}
