import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { describeRecord } from '@berth/runtime/explain/describe';
import { errnoNameOf } from '@berth/runtime/explain/errno-name';
import type { CallContext } from '@berth/model/context';
import { readLog } from '#service/log/read';
import type { ContainerBackend } from '../container/backend.ts';
import { runningTask } from '../container/containers.ts';
import type { ContainerEntry } from '../container/entry.ts';
import type { Execs } from '../container/execs.ts';
import type {
  ContainerInsight,
  ExplainedStep,
  LogChunk,
  LogOptions,
  StartExplanation,
  StatsSample,
} from './contract.ts';
import { cgroupOf, logOf, ownRuntime } from '../container/places.ts';
import { LogChunks } from './log-chunks.ts';
import { processTable } from './process-table.ts';

export function createContainerInsight(backend: ContainerBackend, execs: Execs): ContainerInsight {
  const find = (context: CallContext, ref: string): ContainerEntry => backend.registry.find(context.namespace, ref);
  return {
    places: (context, ref) => {
      const entry = find(context, ref);
      return { logPath: logOf(backend, entry), execs: execs.of(entry.id) };
    },
    logs: (context, ref, options) => logs(backend, context, { entry: find(context, ref), options }),
    stats: (context, ref) => stats(backend, find(context, ref)),
    top: async (context, ref, psArguments) =>
      await processTable(await runningTask(find(context, ref)).processes(), psArguments),
    explain: (context, ref) => explainStart(find(context, ref)),
  };
}

async function* logs(
  backend: ContainerBackend,
  context: CallContext,
  { entry, options }: { readonly entry: ContainerEntry; readonly options: LogOptions },
): AsyncGenerator<LogChunk> {
  // The end of the process is not yet the end of its output: the shim drains it first.
  const { task } = entry;
  const ended = entry.isRunning ? entry.wait('next-exit', context.signal).then(() => task?.ended()) : Promise.resolve();
  const wanted = { follow: options.follow, ended, signal: context.signal };
  const bounds = {
    ...(options.tail === undefined ? {} : { tail: options.tail }),
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.until === undefined ? {} : { until: options.until }),
  };
  const chunks = new LogChunks(options, entry.record.config.tty === true);
  for await (const records of readLog(logOf(backend, entry), { ...wanted, ...bounds })) {
    yield* chunks.of(records);
  }
}

async function stats(backend: ContainerBackend, entry: ContainerEntry): Promise<StatsSample> {
  const task = runningTask(entry);
  const { cpu, memory, pids, io } = await cgroupOf(backend, entry).stats();
  const network = await networkBytes(entry, task.pid);
  const sum = (pick: (device: (typeof io)[number]) => number): number => io.reduce((n, device) => n + pick(device), 0);
  return {
    id: entry.id,
    name: entry.name,
    at: Date.now(),
    cpuUsage: cpu.usage,
    throttledPeriods: cpu.throttledPeriods,
    memoryUsage: Math.max(0, memory.usage - memory.inactiveFile),
    memoryLimit: Math.min(memory.limit ?? totalmem(), totalmem()),
    networkRx: network.received,
    networkTx: network.sent,
    blockRead: sum((device) => device.readBytes),
    blockWrite: sum((device) => device.writeBytes),
    pids: pids.current,
  };
}

/** Of the container's own interfaces; the host's are not its own, and `lo` is no network. */
async function networkBytes(entry: ContainerEntry, pid: number): Promise<{ received: number; sent: number }> {
  if (entry.record.config.network === 'host') return { received: 0, sent: 0 };
  const text = await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => '');
  let received = 0;
  let sent = 0;
  for (const line of text.split('\n').slice(2)) {
    const [name = '', counters = ''] = line.split(':');
    const numbers = counters.trim().split(/\s+/).map(Number);
    if (name.trim() === '' || name.trim() === 'lo') continue;
    received += numbers[0] ?? 0;
    sent += numbers[8] ?? 0;
  }
  return { received, sent };
}

async function explainStart(entry: ContainerEntry): Promise<StartExplanation> {
  const { plan, report, startedAt, total, failed } = await entry.startRecord.read(entry.name);
  const steps = plan.records.map((record, index): ExplainedStep => {
    const { ran = false, nanoseconds = 0, errno = 0 } = report[index] ?? {};
    const step = { index, track: record.track, text: describeRecord(record), ran, took: nanoseconds };
    return errno === 0 ? step : { ...step, errno: errnoNameOf(errno) };
  });
  const { runtime = ownRuntime } = entry.record;
  const base = {
    id: entry.id,
    runtime,
    hasOwnPlan: runtime === ownRuntime,
    startedAt: String(startedAt),
    total,
    steps,
  };
  if (failed === undefined) return base;
  const { record = -1, errnoName, message = errnoName, hint } = failed;
  return { ...base, failed: { record, errno: errnoName, message, ...(hint === undefined ? {} : { hint }) } };
}
