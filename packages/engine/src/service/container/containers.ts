import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import { signalNumber } from '@berth/model/signal';
import type { AttachedStream, AttachRequest, ContainerService, StopOptions } from './contract.ts';
import type { ContainerBackend } from './backend.ts';
import { createContainer } from './create.ts';
import type { ContainerEntry } from './entry.ts';
import { treeArchive } from './export.ts';
import { checkContainerName } from './name.ts';
import { publish } from './publish.ts';
import { removeContainer } from './remove.ts';
import { startContainer } from './start.ts';
import { StopLoop } from './stop.ts';
import type { Task } from './task.ts';

/** Docker's default grace between the stop signal and SIGKILL, seconds. */
const defaultStopTimeout = 10;

export function createContainerService(backend: ContainerBackend): ContainerService {
  const { registry } = backend;
  const find = (context: CallContext, ref: string): ContainerEntry => registry.find(context.namespace, ref);
  return {
    create: (context, config) => createContainer(backend, context, config),
    inspect: (context, ref) => find(context, ref).view(),
    list: (context) => registry.list(context.namespace).map((entry) => entry.view()),
    start: async (context, ref, attach) => {
      const entry = find(context, ref);
      return await startContainer(backend, context, { entry, attach });
    },
    attach: async (context, ref, request) => await attachTo(backend, find(context, ref), request),
    stop: async (context, ref, options) => await stop(backend, find(context, ref), options),
    kill: async (context, ref, signal) => await kill(backend, find(context, ref), signal),
    pause: async (context, ref) => await pause(backend, find(context, ref)),
    unpause: async (context, ref) => await unpause(backend, find(context, ref)),
    resize: async (context, ref, size) => await runningTask(find(context, ref)).resize(size),
    rename: async (context, ref, name) => {
      const entry = find(context, ref);
      const oldName = entry.name;
      await registry.rename(entry, checkContainerName(name));
      publish(backend, entry, 'rename', { oldName });
    },
    remove: async (context, ref, options) => {
      const entry = find(context, ref);
      await removeContainer(backend, context, { entry, force: options?.force === true });
    },
    export: async (context, ref) => {
      const layers = await backend.snapshots.layers(context, find(context, ref).snapshotKey);
      return treeArchive(backend.walk(layers), context.signal);
    },
    wait: async (context, ref, condition) => await find(context, ref).wait(condition, context.signal),
  };
}

/** @throws failed_precondition (`not_running`) */
export function runningTask(entry: ContainerEntry): Task {
  if (entry.task !== undefined) return entry.task;
  throw notRunning(entry);
}

function notRunning(entry: ContainerEntry): BerthError {
  return new BerthError('failed_precondition', `container ${entry.name} is not running`, {
    code: 'not_running',
    hint: `start it first: berth start ${entry.name}`,
  });
}

/** @throws failed_precondition (`not_running`, `paused`) */
export function awakeTask(entry: ContainerEntry): Task {
  if (entry.state.status !== 'paused') return runningTask(entry);
  throw new BerthError('failed_precondition', `container ${entry.name} is paused`, {
    code: 'paused',
    hint: `unpause it first: berth unpause ${entry.name}`,
  });
}

async function attachTo(
  backend: ContainerBackend,
  entry: ContainerEntry,
  request: AttachRequest,
): Promise<AttachedStream> {
  const task = awakeTask(entry);
  try {
    const stream = await task.attach(request);
    publish(backend, entry, 'attach');
    return stream;
  } catch (cause) {
    // It ended between the look and the attach.
    throw isKind(cause, 'unavailable') ? notRunning(entry) : cause;
  }
}

async function stop(backend: ContainerBackend, entry: ContainerEntry, options: StopOptions = {}): Promise<boolean> {
  if (!entry.isRunning) return false;
  const { config, stopSignal } = entry.record;
  const seconds = options.timeout ?? config.stopTimeout ?? defaultStopTimeout;
  const signal = options.signal === undefined ? stopSignal : signalNumber(options.signal);
  // Negative: docker's way to say never.
  const timeout = seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
  await StopLoop.run(entry, { signal, timeout }, backend.log);
  publish(backend, entry, 'stop');
  return true;
}

async function kill(backend: ContainerBackend, entry: ContainerEntry, name: string): Promise<void> {
  const signal = signalNumber(name);
  const task = runningTask(entry);
  await task.kill(signal);
  // A frozen process dies of SIGKILL only when it is thawed.
  if (entry.state.status === 'paused' && signal === 9) await unpause(backend, entry);
  publish(backend, entry, 'kill', { signal: String(signal) });
}

async function pause(backend: ContainerBackend, entry: ContainerEntry): Promise<void> {
  await entry.lock.run(async () => {
    if (entry.state.status === 'paused') {
      throw new BerthError('failed_precondition', `container ${entry.name} is already paused`, {
        code: 'already_paused',
      });
    }
    await runningTask(entry).freeze();
    await changeAndSave(backend, entry, 'paused');
    publish(backend, entry, 'pause');
  });
}

async function unpause(backend: ContainerBackend, entry: ContainerEntry): Promise<void> {
  await entry.lock.run(async () => {
    if (entry.state.status !== 'paused') {
      throw new BerthError('failed_precondition', `container ${entry.name} is not paused`, { code: 'not_paused' });
    }
    await runningTask(entry).thaw();
    if (entry.task !== undefined) await changeAndSave(backend, entry, 'running');
    publish(backend, entry, 'unpause');
  });
}

/** Unlike running and exited, paused is in no journal: it must be on disk before the client hears of it. */
async function changeAndSave(
  backend: ContainerBackend,
  entry: ContainerEntry,
  status: 'paused' | 'running',
): Promise<void> {
  entry.changeState({ status });
  backend.registry.save(entry);
  await backend.registry.settled();
}
