import type { CallContext } from '@berth/model/context';
import type { CommandEnd, CommandStreams } from '../../streaming/contract.ts';
import type { CriBackend } from '../backend.ts';
import { followProcess } from './follow-process.ts';
import type { StreamChoice } from './stream-choice.ts';

export interface AttachRun {
  readonly context: CallContext;
  readonly container: string;
  readonly streams: StreamChoice;
}

/** Brings the client that has come to the URL to a container's own process, from now on. */
export async function runAttach(
  { containers, podContainers }: Pick<CriBackend, 'containers' | 'podContainers'>,
  { context, container, streams }: AttachRun,
  lines: CommandStreams,
): Promise<CommandEnd> {
  const { stdin, stdinOnce, tty } = podContainers.inspect(context, container).part.config;
  const output = streams.stdout || streams.stderr;
  const process = await containers.attach(context, container, {
    stdin: streams.stdin && stdin,
    output,
    onOutput: (stream, chunk) => (streams[stream] ? lines.write(stream, chunk) : undefined),
  });
  await followProcess(process, lines, { endsInput: stdinOnce && !tty });
  // The container's end is told by its status; that an attach is over is no failure of its own.
  return { exitCode: 0 };
}
