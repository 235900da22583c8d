import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { inContainer, onHost } from './step.ts';

/** The shim's side: pipes, or nothing where a terminal will come. */
export function stdioRecord(process: ProcessSpec, stdin: boolean): PlanRecord {
  return onHost('stdio', { stdin: stdin ? 1 : 0, terminal: process.terminal ? 1 : 0 });
}

/**
 * The process's side. A session of its own first: only a session leader can take a controlling
 * terminal, and without one a signal to the shim's group would reach the container.
 * The terminal is opened in the container's own devpts, so that /dev/pts/0 is its true name there;
 * `console` is for the first process, which also gets it as /dev/console.
 */
export function attachStdioRecords(process: ProcessSpec, console: boolean): PlanRecord[] {
  const { uid, gid } = process.user;
  const session = inContainer('setsid', {});
  if (!process.terminal) return [session, inContainer('stdio_attach', { uid, gid })];
  const { height = 0, width = 0 } = process.consoleSize ?? {};
  const size = { rows: height, columns: width };
  return [session, inContainer('terminal', { ...size, uid, gid, console: console ? 1 : 0 })];
}
