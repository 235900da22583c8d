import { isKind } from '@berth/model/error';
import type { AttachedStream, ExitResult } from '#service/container/contract';
import type { CommandStreams } from '../../streaming/contract.ts';

/** How long a process may take for the input that a client left behind, ms. */
const lastInput = 10_000;

/**
 * Brings a client's input and sizes to a process until the process has ended and its output is delivered, or the client is
 * gone; then the process is left to itself.
 * @param endsInput whether the process sees the end of the client's input
 */
export async function followProcess(
  process: AttachedStream,
  lines: CommandStreams,
  { endsInput }: { readonly endsInput: boolean },
): Promise<ExitResult | 'gone'> {
  const input = sendInput(process, lines, endsInput);
  void sendSizes(process, lines);
  try {
    return await Promise.race([process.exit, gone(lines.signal, input), failureOf(input)]);
  } finally {
    process.detach();
  }
}

async function failureOf(work: Promise<void>): Promise<never> {
  await work;
  return await new Promise(() => undefined);
}

/** Some clients end their input by leaving: what they have sent is brought before that counts. */
async function gone(signal: AbortSignal, input: Promise<void>): Promise<'gone'> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, lastInput);
  await Promise.race([input, promise]);
  clearTimeout(late);
  return 'gone';
}

async function sendInput(process: AttachedStream, { stdin }: CommandStreams, endsInput: boolean): Promise<void> {
  if (stdin === undefined) return;
  try {
    for await (const bytes of stdin) await process.writeStdin(bytes);
    if (endsInput) process.closeStdin();
  } catch (error) {
    // A process that has ended, or has closed its input, takes no more; its exit is told by itself.
    if (!isKind(error, 'unavailable')) throw error;
  }
}

async function sendSizes(process: AttachedStream, { resizes }: CommandStreams): Promise<void> {
  // A process that has just ended has no terminal any more.
  for await (const size of resizes) await process.resize(size).catch(() => undefined);
}
