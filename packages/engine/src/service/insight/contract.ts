import type { CallContext } from '@berth/model/context';

/** Looks into a container without changing it. References are as in ContainerService. */
export interface ContainerInsight {
  /** Where the log, and which execs were made. */
  places(context: CallContext, ref: string): { readonly logPath: string; readonly execs: readonly string[] };
  logs(context: CallContext, ref: string, options: LogOptions): AsyncIterable<LogChunk>;
  /** @throws failed_precondition (`not_running`) */
  stats(context: CallContext, ref: string): Promise<StatsSample>;
  /** `ps` rows of the container's processes. @throws failed_precondition (`not_running`), invalid_argument */
  top(context: CallContext, ref: string, psArguments: readonly string[]): Promise<ProcessTable>;
  /** The plan of the last start with its times. @throws failed_precondition (`never_started`) */
  explain(context: CallContext, ref: string): Promise<StartExplanation>;
}

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Last lines only; absent: all. */
  readonly tail?: number;
  /** Nanoseconds since 1970: nothing before, nothing after. */
  readonly since?: bigint;
  readonly until?: bigint;
  readonly timestamps: boolean;
}

export interface LogChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

export interface StatsSample {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Nanoseconds. */
  readonly cpuUsage: number;
  readonly throttledPeriods: number;
  /** Bytes. */
  readonly memoryUsage: number;
  readonly memoryLimit: number;
  readonly networkRx: number;
  readonly networkTx: number;
  readonly blockRead: number;
  readonly blockWrite: number;
  readonly pids: number;
}

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

export interface StartExplanation {
  readonly id: string;
  readonly runtime: string;
  /** False for a runtime that is a command: the steps are its shim's, and what the command does is its own affair. */
  readonly hasOwnPlan: boolean;
  /** Nanoseconds since 1970, in decimal. */
  readonly startedAt: string;
  /** Nanoseconds from the call to the running program. */
  readonly total: number;
  readonly failed?: {
    readonly record: number;
    readonly errno: string;
    readonly message: string;
    readonly hint?: string;
  };
  readonly steps: readonly ExplainedStep[];
}

export interface ExplainedStep {
  readonly index: number;
  readonly track: 'host' | 'container';
  readonly text: string;
  readonly ran: boolean;
  /** Nanoseconds. */
  readonly took: number;
  /** Why it failed, where it did: a tolerated step, or the one that ended the start. */
  readonly errno?: string;
}
