import type { BlkioEntry, BlkioTable } from '@berth/runtime/cgroup/event-stats';
import { type MetricDefinition, type MetricFacts, type MetricValue, secondsOf } from './definition.ts';
import type { FileSystemFacts } from './file-system-facts.ts';

function ofFileSystem(name: string, help: string, value: (facts: FileSystemFacts) => bigint): MetricDefinition {
  return {
    name: `container_fs_${name}`,
    help,
    type: 'gauge',
    labels: ['device'],
    values: ({ fileSystem }) =>
      fileSystem === undefined ? [] : [{ value: value(fileSystem), labels: [fileSystem.device] }],
  };
}

interface DiskCounter {
  readonly name: string;
  readonly help: string;
  readonly table: BlkioTable;
  /** Absent: the table has no operations. */
  readonly op?: 'Read' | 'Write' | 'Total';
  readonly type?: MetricDefinition['type'];
  readonly unit?: (value: bigint) => bigint;
}

function ofDisks({ name, help, table, op, type = 'counter', unit = (value) => value }: DiskCounter): MetricDefinition {
  const valueOf = (entry: BlkioEntry, { deviceName }: MetricFacts): MetricValue => ({
    value: unit(entry.value),
    labels: [deviceName(entry.major, entry.minor)],
  });
  return {
    name: `container_fs_${name}`,
    help,
    type,
    labels: ['device'],
    values: (facts) =>
      (facts.stats.blkio[table] ?? []).filter((one) => one.op === op).map((one) => valueOf(one, facts)),
  };
}

const deviceUsage: MetricDefinition = {
  name: 'container_blkio_device_usage_total',
  help: 'Blkio device bytes usage.',
  type: 'counter',
  labels: ['device', 'major', 'minor', 'operation'],
  values: ({ stats, deviceName }) =>
    (stats.blkio.ioServiceBytesRecursive ?? []).map(({ major, minor, op = '', value }) => ({
      value,
      labels: [deviceName(major, minor), String(major), String(minor), op],
    })),
};

const bytes = 'ioServiceBytesRecursive';
const counts = 'ioServicedRecursive';
const merged = 'ioMergedRecursive';
const times = 'ioServiceTimeRecursive';

export const diskMetrics: readonly MetricDefinition[] = [
  ofFileSystem('inodes_free', 'Number of available inodes.', ({ inodesFree }) => inodesFree),
  ofFileSystem('inodes_total', 'Number of inodes.', ({ inodesTotal }) => inodesTotal),
  ofFileSystem(
    'limit_bytes',
    'Number of bytes that can be consumed by the container on this filesystem.',
    ({ limit }) => limit,
  ),
  ofFileSystem(
    'usage_bytes',
    'Number of bytes that are consumed by the container on this filesystem.',
    ({ usage }) => usage,
  ),
  ofDisks({ name: 'reads_bytes_total', help: 'Cumulative count of bytes read.', table: bytes, op: 'Read' }),
  ofDisks({ name: 'reads_total', help: 'Cumulative count of reads completed.', table: counts, op: 'Read' }),
  ofDisks({ name: 'writes_bytes_total', help: 'Cumulative count of bytes written.', table: bytes, op: 'Write' }),
  ofDisks({ name: 'writes_total', help: 'Cumulative count of writes completed.', table: counts, op: 'Write' }),
  ofDisks({ name: 'reads_merged_total', help: 'Cumulative count of reads merged.', table: merged, op: 'Read' }),
  ofDisks({ name: 'writes_merged_total', help: 'Cumulative count of writes merged.', table: merged, op: 'Write' }),
  ofDisks({
    name: 'read_seconds_total',
    help: 'Cumulative count of seconds spent reading.',
    table: times,
    op: 'Read',
    unit: secondsOf,
  }),
  ofDisks({
    name: 'write_seconds_total',
    help: 'Cumulative count of seconds spent writing.',
    table: times,
    op: 'Write',
    unit: secondsOf,
  }),
  ofDisks({
    name: 'io_current',
    help: 'Number of I/Os currently in progress.',
    table: 'ioQueueRecursive',
    op: 'Total',
    type: 'gauge',
  }),
  ofDisks({
    name: 'io_time_seconds_total',
    help: 'Cumulative count of seconds spent doing I/Os.',
    table: 'ioTimeRecursive',
    // Milliseconds.
    unit: (value) => value / 1000n,
  }),
  deviceUsage,
];
