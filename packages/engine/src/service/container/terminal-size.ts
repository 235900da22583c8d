import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { TerminalSize } from './contract.ts';

/** A process whose terminal has this size from the start: programs ask for it before anybody could send a resize. */
export function withSize(process: ProcessSpec, size: TerminalSize | undefined): ProcessSpec {
  if (size === undefined) return process;
  return { ...process, consoleSize: { height: size.rows, width: size.columns } };
}
