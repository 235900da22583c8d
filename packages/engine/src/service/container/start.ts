import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { CallContext } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import type { Plan } from '@berth/runtime/plan/record';
import { type Started, StartFailure } from '@berth/runtime/shim/message';
import type { AttachedStream, AttachRequest, ContainerState, TerminalSize } from './contract.ts';
import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';
import { noteRuntime } from './orphan.ts';
import { foldersOf, ownRuntime, placeOfEntry, rootMountsOf, runtimeOf } from './places.ts';
import { cleanUpRun } from './clean-up.ts';
import { publish } from './publish.ts';
import { removeLocked } from './remove.ts';
import { otherFailure, startError } from './start-error.ts';
import { withSize } from './terminal-size.ts';
import type { Task } from './task.ts';
import { taskOf } from './task-of.ts';

export interface StartRequest {
  readonly entry: ContainerEntry;
  readonly attach: AttachRequest | undefined;
  /** Comes first, once it is known that the container will be started; what it throws is why the start failed. */
  readonly prepare?: () => Promise<void>;
}

/** Runs the container's plan; undefined when it runs already. */
export async function startContainer(
  backend: ContainerBackend,
  context: CallContext,
  request: StartRequest,
): Promise<AttachedStream | undefined> {
  const called = process.hrtime.bigint();
  const { entry } = request;
  return await entry.lock.run(async () => {
    if (entry.removed)
      throw new BerthError('not_found', `no such container: ${entry.name}`, { code: 'no_such_container' });
    if (entry.state.status === 'paused') throw paused(entry);
    if (entry.record.pod !== undefined) checkCreated(entry);
    if (entry.isRunning) return undefined;
    return await launch(backend, context, { ...request, called });
  });
}

async function compilePlan(
  backend: ContainerBackend,
  context: CallContext,
  { entry, size }: { readonly entry: ContainerEntry; readonly size: TerminalSize | undefined },
): Promise<Plan> {
  const { config } = entry.record;
  const { spec: asMade } = entry.record;
  // The very spec that was validated, where nothing is added to it: its handler may know it.
  const spec = size === undefined ? asMade : { ...asMade, process: withSize(asMade.process, size) };
  const rootMounts = await rootMountsOf(backend, context, entry);
  const place = { ...placeOfEntry(backend, entry), spec };
  const plan = await runtimeOf(backend, entry).startPlan(place, { rootMounts });
  return config.injectFailure === undefined ? plan : failAt(plan, config.injectFailure);
}

function failAt(plan: Plan, index: number): Plan {
  return { records: plan.records.map((record, n) => (n === index ? { ...record, inject: true } : record)) };
}

interface Launch extends StartRequest {
  readonly called: bigint;
}

/** All that comes before the process: its run folder, the shim that waits for the plan, and the plan. */
async function makeReady(
  backend: ContainerBackend,
  context: CallContext,
  { entry, attach, prepare, task }: StartRequest & { readonly task: Task },
): Promise<Plan> {
  await prepare?.();
  const { run } = foldersOf(backend, entry.id);
  // A mount that the last end could not take away must not be below what is removed next.
  await cleanUpRun(backend, entry);
  entry.cleaned = false;
  // Synchronous: a few microseconds, where a promise of the thread pool takes a hundred.
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const { runtime = ownRuntime, spec } = entry.record;
  noteRuntime(backend, run, { id: entry.id, runtime, cgroupsPath: spec.linux.cgroupsPath ?? '' });
  task.connect(backend.launcher, attach);
  return await compilePlan(backend, context, { entry, size: attach?.size });
}

async function launch(
  backend: ContainerBackend,
  context: CallContext,
  { called, ...request }: Launch,
): Promise<AttachedStream | undefined> {
  const { entry } = request;
  const task = taskOf(backend, entry);
  const plan = await makeReady(backend, context, { ...request, task }).catch(async (cause: unknown) => {
    await task.release();
    if (entry.record.pod === undefined) throw cause;
    const failure = otherFailure(cause);
    await startFailed(backend, context, { entry, failure });
    throw failure.error;
  });
  const total = () => Number(process.hrtime.bigint() - called);
  const { started, line } = await task.launch(plan).catch(async (cause: unknown) => {
    const [handler, place] = [runtimeOf(backend, entry), placeOfEntry(backend, entry)];
    const failure = await startError(cause, { handler, place, plan, name: entry.name });
    if (cause instanceof StartFailure) {
      const { record, errno, errnoName, report } = cause;
      const startedAt = BigInt(Date.now()) * 1_000_000n;
      const { message, hint } = failure.error;
      const failed = { record, errno, errnoName, message, hint };
      entry.startRecord.save({ plan, startedAt, total: total(), report, failed });
    }
    await startFailed(backend, context, { entry, failure });
    throw failure.error;
  });
  entry.startRecord.save({ plan, startedAt: started.startedAt, total: total(), report: started.report });
  begin(backend, { entry, task, started });
  // Before the exits of a short life are told.
  const ended = entry.wait('next-exit', new AbortController().signal);
  await task.supervise();
  await runtimeOf(backend, entry).started(context, placeOfEntry(backend, entry), started.pid);
  if (line === undefined) return undefined;
  return afterState(line, ended);
}

function begin(
  backend: ContainerBackend,
  { entry, task, started }: { readonly entry: ContainerEntry; readonly task: Task; readonly started: Started },
): void {
  entry.task = task;
  entry.changeState({
    status: 'running',
    pid: started.pid,
    exitCode: 0,
    oomKilled: false,
    error: '',
    startedAt: String(started.startedAt),
    finishedAt: '0',
  });
  publish(backend, entry, 'start');
  backend.registry.save(entry);
}

/** The exit is told when the record has it too, so that `run` and then `ps` agree. */
function afterState(line: AttachedStream, ended: Promise<unknown>): AttachedStream {
  const exit = line.exit.then(async (result) => {
    await ended;
    return result;
  });
  exit.catch(() => undefined);
  return {
    exit,
    writeStdin: (chunk) => line.writeStdin(chunk),
    closeStdin: () => line.closeStdin(),
    resize: (size) => line.resize(size),
    detach: () => line.detach(),
  };
}

/** Takes back what the failed start made; with `--rm` the container goes too. */
async function startFailed(
  backend: ContainerBackend,
  context: CallContext,
  { entry, failure }: { readonly entry: ContainerEntry; readonly failure: { error: BerthError; exitCode: number } },
): Promise<void> {
  entry.task = undefined;
  await takeBack(backend, entry);
  const { exitCode, error } = failure;
  entry.changeState({ exitCode, error: error.message, ...(entry.record.pod === undefined ? {} : endedAtOnce()) });
  publish(backend, entry, 'die');
  backend.registry.save(entry);
  // No journal tells a later daemon that it was started.
  if (entry.record.pod !== undefined) await backend.registry.settled();
  entry.tellExit();
  if (entry.record.config.autoRemove) await removeLocked(backend, context, entry);
}

/** What cannot be taken back now goes with the container's removal, or before its next start. */
async function takeBack(backend: ContainerBackend, entry: ContainerEntry): Promise<void> {
  try {
    await cleanUpRun(backend, entry);
    await rm(foldersOf(backend, entry.id).run, { recursive: true, force: true });
  } catch (error) {
    backend.log.warn('what a failed start left was not removed', { id: entry.id, error: asError(error).message });
  }
}

/** A pod's container is started once: one that could not be has had its life. 128 is what kubelet knows it by. */
function endedAtOnce(): Partial<ContainerState> {
  const now = String(BigInt(Date.now()) * 1_000_000n);
  return { status: 'exited', exitCode: 128, startedAt: now, finishedAt: now };
}

/** @throws failed_precondition (`not_created`) */
function checkCreated({ id, state }: ContainerEntry): void {
  if (state.status === 'created') return;
  throw new BerthError('failed_precondition', `container ${id} is ${state.status}: that of a pod is started once`, {
    code: 'not_created',
    hint: 'create another one',
  });
}

function paused(entry: ContainerEntry): BerthError {
  return new BerthError('failed_precondition', `container ${entry.name} is paused`, {
    code: 'paused',
    hint: `unpause it first: berth unpause ${entry.name}`,
  });
}
