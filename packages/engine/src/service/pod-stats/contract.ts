import type { CallContext } from '@berth/model/context';
import type { PodContainerFilter, PodContainerView, PodFilter, PodView } from '../pod/contract.ts';

/** What pods and their containers use of the machine. Times are nanoseconds since 1970. */
export interface PodStats {
  /** @throws not_found */
  container(context: CallContext, ref: string): Promise<ContainerUsage>;
  /** Those that are made or run; ended ones have no numbers. */
  containers(context: CallContext, filter?: PodContainerFilter): Promise<readonly ContainerUsage[]>;
  /** @throws not_found */
  pod(context: CallContext, ref: string): Promise<PodUsage>;
  pods(context: CallContext, filter?: PodFilter): Promise<readonly PodUsage[]>;
  metricDescriptors(): readonly MetricDescriptor[];
  metrics(context: CallContext): Promise<readonly PodMetrics[]>;
}

export interface ContainerUsage {
  readonly container: PodContainerView;
  readonly cpu: CpuUse;
  readonly memory: MemoryUse;
  readonly swap?: { readonly at: bigint; readonly available: bigint; readonly usage: bigint };
  readonly io?: { readonly at: bigint; readonly psi?: Psi };
  /** The writable layer; its mount point is the file system that holds it. */
  readonly writableLayer: FileSystemUse;
}

export interface CpuUse {
  readonly at: bigint;
  /** Nanoseconds since its start. */
  readonly usage: bigint;
  /** Over the last seconds; absent until there was an earlier sample. */
  readonly nanoCores?: bigint;
  readonly psi?: Psi;
}

/** Bytes. */
export interface MemoryUse {
  readonly at: bigint;
  readonly workingSet: bigint;
  /** Absent without a limit. */
  readonly available?: bigint;
  readonly usage: bigint;
  readonly rss: bigint;
  readonly pageFaults: bigint;
  readonly majorPageFaults: bigint;
  readonly psi?: Psi;
}

/** Pressure stall information, cgroup v2 alone. */
export interface Psi {
  readonly full: PsiLine;
  readonly some: PsiLine;
}

export interface PsiLine {
  /** Microseconds in all. */
  readonly total: bigint;
  /** Percent of the time. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

export interface FileSystemUse {
  readonly at: bigint;
  readonly mountpoint: string;
  readonly bytes: bigint;
  readonly inodes: bigint;
}

export interface PodUsage {
  readonly pod: PodView;
  /** Of the pod's own cgroup where it has one: not a sum over its containers. */
  readonly cpu: CpuUse;
  readonly memory: MemoryUse;
  readonly io?: { readonly at: bigint; readonly psi?: Psi };
  /** Absent in the host's network. */
  readonly network?: { readonly at: bigint; readonly main: InterfaceUse; readonly others: readonly InterfaceUse[] };
  readonly processes: { readonly at: bigint; readonly count: bigint };
  readonly containers: readonly ContainerUsage[];
}

export interface InterfaceUse {
  readonly name: string;
  readonly rxBytes: bigint;
  readonly rxErrors: bigint;
  readonly txBytes: bigint;
  readonly txErrors: bigint;
}

export interface MetricDescriptor {
  readonly name: string;
  readonly help: string;
  readonly labelKeys: readonly string[];
}

export interface PodMetrics {
  readonly podId: string;
  readonly metrics: readonly Metric[];
  readonly containers: readonly { readonly containerId: string; readonly metrics: readonly Metric[] }[];
}

export interface Metric {
  readonly name: string;
  readonly at: bigint;
  readonly type: 'counter' | 'gauge';
  /** As many as its descriptor has keys. */
  readonly labelValues: readonly string[];
  readonly value: bigint;
}
