import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import type { ProcessFacts } from './facts.ts';
import { noMeeting, token } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { inContainer, onHost } from './step.ts';

/** The shim's side: pipes, nothing where a terminal will come, or the caller's own descriptors. */
export function stdioRecord(process: ProcessSpec, { inherit, stdin }: ProcessFacts): PlanRecord {
  if (inherit !== undefined) return onHost('stdio_inherit', { preserve: inherit.preserve });
  return onHost('stdio', { stdin: stdin ? 1 : 0, terminal: process.terminal ? 1 : 0 });
}

/** Hands the process to who asked for it, as runc does: its pidfd, and the terminal once it is there. */
export function sendRecords(process: ProcessSpec, facts: ProcessFacts, pidfdName: string): SendRecords {
  const { pidfdSocket, consoleSocket } = facts;
  const pidfd = pidfdSocket ? [onHost('descriptor_send', { what: 1, socket: pidfdSocket, name: pidfdName })] : [];
  if (!consoleSocket || !process.terminal) return { pidfd, terminal: noMeeting };
  const host = [
    onHost('wait', { token: token.terminal }),
    onHost('descriptor_send', { what: 0, socket: consoleSocket, name: '/dev/ptmx' }),
  ];
  return { pidfd, terminal: { host, container: [inContainer('post', { token: token.terminal })] } };
}

export interface SendRecords {
  readonly pidfd: readonly PlanRecord[];
  readonly terminal: Meeting;
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
