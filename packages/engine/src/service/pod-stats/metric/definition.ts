import type { CoreStats, NetworkInterface } from '@berth/runtime/cgroup/event-stats';
import type { Resources } from '@berth/model/pod-config';
import type { Metric } from '../contract.ts';
import type { ProcessFacts } from './process-facts.ts';
import type { FileSystemFacts } from './file-system-facts.ts';

/** One metric of cAdvisor's, and where its values come from. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: Metric['type'];
  /** Besides those that all have. */
  readonly labels?: readonly string[];
  /** None: it is not counted here. */
  readonly values: (facts: MetricFacts) => readonly MetricValue[];
}

export interface MetricValue {
  readonly value: bigint;
  /** In the order of the definition's `labels`. */
  readonly labels?: readonly string[];
}

/** What is known of a pod or one of its containers. */
export interface MetricFacts {
  readonly stats: CoreStats;
  readonly oomKills: bigint;
  /** Of a pod alone: its containers share them. */
  readonly interfaces: readonly NetworkInterface[];
  /** Of a container alone, as what follows. */
  readonly resources?: Resources;
  /** Seconds since 1970. */
  readonly startedAt?: bigint;
  readonly processes?: ProcessFacts;
  readonly fileSystem?: FileSystemFacts;
  /** Seconds since 1970. */
  readonly seenAt: bigint;
  /** A disk's name by its number, `sda`. */
  readonly deviceName: (major: bigint, minor: bigint) => string;
}

type One = (facts: MetricFacts) => bigint | undefined;

const ofOne = (value: One) => (facts: MetricFacts) => {
  const found = value(facts);
  return found === undefined ? [] : [{ value: found }];
};

/** A metric of one value. */
export function gauge(name: string, help: string, value: One): MetricDefinition {
  return { name, help, type: 'gauge', values: ofOne(value) };
}

export function counter(name: string, help: string, value: One): MetricDefinition {
  return { name, help, type: 'counter', values: ofOne(value) };
}

/** The wire has whole numbers alone, and the names say seconds. */
export function secondsOf(nanoseconds: bigint): bigint {
  return nanoseconds / 1_000_000_000n;
}
