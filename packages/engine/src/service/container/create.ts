import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type CallContext, withLease } from '@berth/model/context';
import { BerthError, errnoName, isKind } from '@berth/model/error';
import { signalNumber } from '@berth/model/signal';
import type { RuntimeHandler } from '@berth/runtime/handler/contract';
import type { Snapshot } from '#store/snapshot';
import type { ReadyImage } from '#service/image/contract';
import type { ContainerBackend } from './backend.ts';
import type { BindMount, ContainerConfig, ContainerRecord, CreatedContainer } from './contract.ts';
import { checkLimits } from './check-limits.ts';
import { containerSpec } from './container-spec.ts';
import { ContainerEntry } from './entry.ts';
import { writeEtcFiles } from './etc-files.ts';
import { checkContainerName, freeName, newContainerId } from './name.ts';
import { foldersOf, ownRuntime, placeOf, rootMounts } from './places.ts';
import { publish } from './publish.ts';
import { StartRecordFile } from './start-record.ts';

/** Makes a container's record, writable snapshot and files; all or nothing. */
export async function createContainer(
  backend: ContainerBackend,
  context: CallContext,
  config: ContainerConfig,
): Promise<CreatedContainer> {
  const name = chooseName(backend, context.namespace, config.name);
  checkLimits(config);
  const runtime = backend.runtimes.get(config.runtime ?? ownRuntime);
  await runtime.check();
  const image = await readyImage(backend, context, config.image);
  const id = newContainerId();
  await Promise.all((config.mounts ?? []).map(checkSource));
  await using lease = await backend.leases.create(context.namespace);
  const leased = withLease(context, lease.id);
  const folders = foldersOf(backend, id);
  try {
    await mkdir(folders.root, { recursive: true, mode: 0o711 });
    const snapshot = await backend.snapshots.prepare(leased, id, image.chainId);
    const record = await makeRecord(backend, leased, { id, config, image, snapshot, runtime });
    const view = { namespace: context.namespace, id, name, createdAt: Date.now(), snapshotKey: id, ...record };
    const entry = new ContainerEntry(view, new StartRecordFile(folders.plan));
    await backend.registry.add(entry, image.target.digest);
    publish(backend, entry, 'create');
    return { id, name, warnings: [] };
  } catch (error) {
    await undo(backend, leased, id);
    throw error;
  }
}

function chooseName(backend: ContainerBackend, namespace: string, wanted: string | undefined): string {
  const holder = (name: string) => backend.registry.nameTaken(namespace, name);
  if (wanted === undefined) return freeName((name) => holder(name) !== undefined);
  const name = checkContainerName(wanted.replace(/^\//, ''));
  backend.registry.checkName(namespace, name);
  return name;
}

async function readyImage(backend: ContainerBackend, context: CallContext, ref: string): Promise<ReadyImage> {
  try {
    return await backend.images.ready(context, ref);
  } catch (cause) {
    if (!isKind(cause, 'not_found') || cause.code !== 'no_such_image') throw cause;
    throw new BerthError('not_found', `no such image: ${ref}`, {
      code: 'no_such_image',
      hint: 'berth load -i FILE brings an image; berth images lists what is here',
      cause,
    });
  }
}

/** @throws invalid_argument (`bad_mount`) naming the mount */
async function checkSource({ source, target, createSource }: BindMount): Promise<void> {
  if (!path.isAbsolute(source) || !path.isAbsolute(target)) {
    throw new BerthError('invalid_argument', `mount ${source}:${target}: both paths must be absolute`, {
      code: 'bad_mount',
    });
  }
  try {
    await stat(source);
  } catch (cause) {
    if (errnoName(cause) !== 'ENOENT') throw badSource(source, cause);
    if (createSource !== true) throw badSource(source, cause);
    await mkdir(source, { recursive: true }).catch((error: unknown) => {
      throw badSource(source, error);
    });
  }
}

function badSource(source: string, cause: unknown): BerthError {
  const reason = errnoName(cause) === 'ENOENT' ? 'does not exist' : `cannot be used: ${errnoName(cause)}`;
  return new BerthError('invalid_argument', `bind mount source ${source} ${reason}`, {
    code: 'bad_mount',
    hint: 'create it on the host first, or check the path',
    cause,
  });
}

interface Parts {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly image: ReadyImage;
  readonly snapshot: Snapshot;
  readonly runtime: RuntimeHandler;
}

async function makeRecord(
  backend: ContainerBackend,
  context: CallContext,
  { id, config, image, snapshot, runtime }: Parts,
): Promise<ContainerRecord> {
  const hostname = hostnameOf(config, id);
  const etc = await writeEtcFiles(foldersOf(backend, id).root, hostname, config.network === 'host');
  const layers = await backend.snapshots.layers(context, snapshot.key);
  const readText = (file: string): string => Buffer.from(backend.readFile(layers, file) ?? []).toString('utf8');
  const spec = containerSpec(backend, { id, config, image: image.config.config, hostname, etc, readText });
  // What cannot be compiled cannot be started: say so now.
  const place = placeOf(backend, { id, spec, stdin: config.openStdin === true });
  await runtime.validate(place, { rootMounts: rootMounts(snapshot.mount) });
  const stopSignal = signalNumber(config.stopSignal ?? image.config.config?.StopSignal ?? 'TERM');
  return {
    config,
    image: { ref: image.name, target: image.target.digest },
    spec,
    runtime: runtime.name,
    stopSignal,
    state: {
      status: 'created',
      pid: 0,
      exitCode: 0,
      oomKilled: false,
      error: '',
      startedAt: '0',
      finishedAt: '0',
    },
  };
}

function hostnameOf(config: ContainerConfig, id: string): string {
  if (config.hostname === undefined || config.hostname === '') return id.slice(0, 12);
  if (/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62})$/.test(config.hostname)) return config.hostname;
  throw new BerthError('invalid_argument', `invalid hostname '${config.hostname}'`, {
    code: 'bad_hostname',
    hint: 'a host name has at most 63 letters, digits, dots and dashes',
  });
}

async function undo(backend: ContainerBackend, context: CallContext, id: string): Promise<void> {
  await backend.snapshots.remove(context, id).catch((error: unknown) => {
    if (!isKind(error, 'not_found')) backend.log.error('a snapshot could not be removed', { id, error: String(error) });
  });
  await rm(foldersOf(backend, id).root, { recursive: true, force: true });
}
