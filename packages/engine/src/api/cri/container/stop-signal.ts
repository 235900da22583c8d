import { signalNumber } from '@berth/model/signal';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { choice } from '../field.ts';

/**
 * The protocol counts signals in an order of its own, and spells `SIGRTMIN+3` as SIGRTMINPLUS3. Keyed by its numbers;
 * RUNTIME_DEFAULT has no name.
 */
const names: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(wire.Signal)
    .filter(([name]) => name.startsWith('SIG'))
    .map(([name, number]) => [number, name.replace('PLUS', '+').replace('MINUS', '-')]),
);

const numbers: ReadonlyMap<string, wire.Signal> = new Map(
  Object.entries(names).map(([number, name]) => [name, Number(number) as wire.Signal]),
);

/** A Linux name, undefined for the runtime's default. @throws invalid_argument naming the field */
export function stopSignal(signal: wire.Signal, path: string): string | undefined {
  if (signal === wire.Signal.RUNTIME_DEFAULT) return undefined;
  const name = choice(signal, names, path);
  return name === 'SIGCLD' ? 'SIGCHLD' : name;
}

/** The way back. A signal that an image spells as a number, or in a way of its own, has a number of the kernel's. */
export function stopSignalMessage(name: string): wire.Signal {
  return numbers.get(name) ?? byNumber().get(numberOf(name)) ?? wire.Signal.RUNTIME_DEFAULT;
}

function numberOf(name: string): number {
  try {
    return signalNumber(name);
  } catch {
    // What the protocol has no word for, e.g. SIGSTKFLT on machines that lack it.
    return 0;
  }
}

let kernelNumbers: ReadonlyMap<number, wire.Signal> | undefined;

/** By the kernel's numbers. Of two names for one number, SIGIO and SIGPOLL, the first stays. */
function byNumber(): ReadonlyMap<number, wire.Signal> {
  kernelNumbers ??= new Map(
    [...numbers]
      .filter(([name]) => numberOf(name) !== 0)
      .toReversed()
      .map(([name, value]) => [numberOf(name), value]),
  );
  return kernelNumbers;
}
