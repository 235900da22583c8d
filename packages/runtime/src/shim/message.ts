import { constants } from 'node:os';
import { BerthError, type ErrorKind } from '@berth/model/error';
import type { Plan } from '../plan/record.ts';

/** What became of one record of a plan. */
export interface ReportEntry {
  /** 0 when it succeeded or was not run. */
  readonly errno: number;
  readonly ran: boolean;
  readonly nanoseconds: number;
}

export interface Started {
  readonly pid: number;
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint;
  /** One entry for each record of the plan, in its order. */
  readonly report: readonly ReportEntry[];
}

export interface Exit {
  readonly process: number;
  /** 128+n when signal n ended it. */
  readonly code: number;
  /** 0 when it ended by itself. */
  readonly signal: number;
  /** Nanoseconds since 1970. */
  readonly at: bigint;
}

export interface Output {
  readonly process: number;
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** A plan waits for its client (docs/plan.md, `ask`). */
export interface Ask {
  /** `askToken` of plan/ask-token.ts. */
  readonly token: number;
  /** Of the process that is being started; 0 before `spawn` and `adopt`. */
  readonly pid: number;
  /** Its number in the shim. */
  readonly process: number;
}

export interface ProcessState {
  readonly process: number;
  /** `created`: waits in an `ask` with `keep`; it has not started yet. */
  readonly state: 'created' | 'running' | 'exited';
  readonly pid: number;
  readonly startedAt: bigint;
  readonly exit: Exit | undefined;
}

/** Errnos from here on are how a program ended. */
const programStatus = 256;

const kinds: Readonly<Record<string, ErrorKind>> = {
  ENOENT: 'not_found',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EINVAL: 'invalid_argument',
  EEXIST: 'already_exists',
  ENOMEM: 'resource_exhausted',
  ENOSPC: 'resource_exhausted',
  ESRCH: 'failed_precondition',
};

/** A start that failed at one of its records. Code `start_failed`; the kind follows the errno. */
export class StartFailure extends BerthError {
  /** Index into the plan's records; undefined when none was at fault (refused, killed before its exec). */
  readonly record: number | undefined;
  readonly errno: number;
  readonly errnoName: string;
  readonly report: readonly ReportEntry[];
  /** How a program of the plan (`hook`, `run_program`) ended, 128+n for signal n; undefined when it was not that. */
  readonly exitStatus: number | undefined;
  /** What that program said last, without white space around; else empty. */
  readonly note: string;

  /** `cause`: why the client refused, when it did. */
  constructor(plan: Plan, payload: Uint8Array, cause?: unknown) {
    const view = viewOf(payload);
    const index = view.getUint32(0, true);
    const errno = view.getInt32(4, true);
    const name = errnoNameOf(errno);
    const record = plan.records[index];
    const step = record === undefined ? 'start' : `step ${index} (${record.kind})`;
    const reportEnd = Math.min(payload.length, 16 + 16 * plan.records.length);
    const note = new TextDecoder().decode(payload.subarray(reportEnd)).trim();
    const message = `${step}: ${name}${note === '' ? '' : `: ${note}`}`;
    super(kinds[name] ?? 'internal', message, { code: 'start_failed', cause });
    this.name = 'StartFailure';
    this.record = record === undefined ? undefined : index;
    this.errno = errno;
    this.errnoName = name;
    this.report = readReport(payload.subarray(16, reportEnd));
    this.exitStatus = errno >= programStatus ? errno - programStatus : undefined;
    this.note = note;
  }
}

/** The shim's refusal of a request, e.g. a signal to a process that is gone (ESRCH). */
export function requestError(request: string, process: number, payload: Uint8Array): BerthError {
  const name = errnoNameOf(viewOf(payload).getInt32(0, true));
  return new BerthError(kinds[name] ?? 'internal', `${request} of process ${process}: ${name}`, { code: name });
}

export function readStarted(payload: Uint8Array): Started {
  const view = viewOf(payload);
  return {
    pid: view.getUint32(0, true),
    startedAt: view.getBigUint64(8, true),
    report: readReport(payload.subarray(16)),
  };
}

export function readAsk(process: number, payload: Uint8Array): Ask {
  const view = viewOf(payload);
  return { token: view.getUint32(0, true), pid: view.getUint32(4, true), process };
}

export function readExit(process: number, payload: Uint8Array): Exit {
  const view = viewOf(payload);
  return {
    process,
    code: view.getInt32(0, true),
    signal: view.getInt32(4, true),
    at: view.getBigUint64(8, true),
  };
}

export function readStates(payload: Uint8Array): ProcessState[] {
  const view = viewOf(payload);
  return Array.from({ length: Math.floor(payload.length / 32) }, (_, index) => readState(view, index * 32));
}

const states = ['created', 'running', 'exited'] as const;

function readState(view: DataView, at: number): ProcessState {
  const process = view.getUint16(at, true);
  const state = states[view.getUint16(at + 2, true)] ?? 'running';
  const exit = {
    process,
    code: view.getInt32(at + 24, true),
    signal: view.getInt32(at + 28, true),
    at: view.getBigUint64(at + 16, true),
  };
  return {
    process,
    state,
    pid: view.getUint32(at + 4, true),
    startedAt: view.getBigUint64(at + 8, true),
    exit: state === 'exited' ? exit : undefined,
  };
}

function readReport(bytes: Uint8Array): ReportEntry[] {
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.length / 16) }, (_, index) => ({
    errno: view.getInt32(index * 16, true),
    ran: view.getUint32(index * 16 + 4, true) === 1,
    nanoseconds: Number(view.getBigUint64(index * 16 + 8, true)),
  }));
}

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

function errnoNameOf(errno: number): string {
  if (errno >= programStatus) return `exit status ${errno - programStatus}`;
  return names.get(errno) ?? `errno ${errno}`;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
