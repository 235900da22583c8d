import type { CallContext } from '@berth/model/context';
import type { CommandEnd, CommandStreams } from '../../streaming/contract.ts';
import type { CriBackend } from '../backend.ts';
import { followProcess } from './follow-process.ts';
import type { StreamChoice } from './stream-choice.ts';

export interface ExecRun {
  readonly context: CallContext;
  readonly container: string;
  readonly command: readonly string[];
  readonly streams: StreamChoice;
}

/** Runs a command for the client that has come to its URL. */
export async function runExec(
  { execs }: Pick<CriBackend, 'execs'>,
  { context, container, command, streams }: ExecRun,
  lines: CommandStreams,
): Promise<CommandEnd> {
  const { stdin, tty } = streams;
  const id = await execs.create(context, container, { command, tty, attachStdin: stdin, attachOutput: true });
  const process = await execs.start(context, id, {
    stdin,
    // Also what nobody wants is read: a process must not wait because of it.
    output: true,
    onOutput: (stream, chunk) => (streams[stream] ? lines.write(stream, chunk) : undefined),
  });
  if (process === undefined) throw new Error(`exec ${id} gave no stream`);
  const exit = await followProcess(process, lines, { endsInput: true });
  // As when a line to a terminal is hung up: a shell that nobody can reach any more would stay for ever.
  if (exit === 'gone' && tty) await execs.kill(context, id, 'HUP');
  return { exitCode: exit === 'gone' ? 0 : exit.exitCode };
}
