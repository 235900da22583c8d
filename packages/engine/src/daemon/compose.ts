import { mkdir, rm, rmdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import path from 'node:path';
import type { Log } from '@berth/model/context';
import { detectCgroups } from '@berth/runtime/cgroup/detect';
import { cgroupFolders } from '@berth/runtime/cgroup/layout';
import { containingMount } from '@berth/runtime/compile/containing-mount';
import { ownCapabilities } from '@berth/runtime/compile/own-capabilities';
import { Launcher } from '@berth/runtime/shim/launcher';
import { createHttpHost } from '#api/http/host';
import { nativeErrorBody, nativeRoutes } from '#api/native/dialect';
import type { ContainerBackend } from '#service/container/backend';
import { createContainerService } from '#service/container/containers';
import { Execs } from '#service/container/execs';
import { checkRunFolder, containerFolders } from '#service/container/folders';
import { createContainerInsight } from '#service/insight/insights';
import { rootTarget } from '#service/container/places';
import { recoverContainers } from '#service/container/recover';
import { ContainerRegistry } from '#service/container/registry';
import { StartRecordFile } from '#service/container/start-record';
import { warmUp } from '#service/container/warm-up';
import { EventBus } from '#service/event/bus';
import { BlobTurns } from '#service/image/blob-turns';
import { createImageService } from '#service/image/images';
import { createSystemService } from '#service/system/system';
import { openStores } from '#store/open-stores';
import { readFileInLayers } from '#store/tree/read-file';
import type { DaemonConfig } from './config.ts';
import { findLauncher } from './install.ts';
import { version } from './version.ts';

/** The engine put together. Disposing closes it; containers go on. */
export interface Engine extends AsyncDisposable {
  readonly server: Server;
}

/** The only place that names implementations. @throws what keeps the engine from starting, in words */
export async function composeEngine(
  config: DaemonConfig,
  { log, shutdown }: { readonly log: Log; readonly shutdown: () => void },
): Promise<Engine> {
  const { root, run } = config;
  checkRunFolder(run);
  await using cleanup = new AsyncDisposableStack();
  await mkdir(root, { recursive: true, mode: 0o711 });
  await mkdir(path.join(run, 'c'), { recursive: true, mode: 0o711 });
  const stores = cleanup.use(
    await openStores({ root, log, snapshotter: config.snapshotter, collectAfterEveryWrite: config.collectAlways }),
  );
  const scratch = path.join(root, 'tmp');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  await mkdir(rootTarget(config), { recursive: true, mode: 0o700 });
  const launcher = cleanup.use(
    await Launcher.start({ binary: findLauncher(process.env), socket: path.join(run, 'launcher.sock') }),
  );
  const events = new EventBus();
  const { content, local, snapshots, metadata, leases, collector } = stores;
  const images = createImageService({
    content,
    blobPath: (digest) => local.blobPath(digest),
    snapshots,
    metadata,
    leases,
    collector,
    events,
    turns: new BlobTurns(),
    scratch,
  });
  const cgroups = detectCgroups(config.cgroupParent);
  const backend: ContainerBackend = {
    registry: new ContainerRegistry(metadata, log, (id) => new StartRecordFile(containerFolders(root, run, id).plan)),
    snapshots,
    leases,
    images,
    events,
    log,
    launcher,
    cgroups,
    cgroupParent: config.cgroupParent,
    capabilities: ownCapabilities(),
    root,
    rootParent: containingMount(root),
    run,
    logLimits: config.log,
    readFile: (layers, file) => readFileInLayers(layers, file, 4 << 20),
  };
  const containers = createContainerService(backend);
  const execs = new Execs(backend);
  cleanup.defer(() => closeContainers(backend));
  setImmediate(() => warmUp(backend));
  await recoverContainers(backend);
  await execs.recover();
  const identity = { version, pid: process.pid, root, run };
  const system = createSystemService({ identity, containers, images, snapshots, cgroups, shutdown });
  const insight = createContainerInsight(backend, execs);
  const routes = nativeRoutes({ containers, execs, insight, images, system, events, log, scratch });
  const server = createHttpHost({ routes, errorBody: nativeErrorBody, log });
  cleanup.defer(() => closeServer(server));
  const all = cleanup.move();
  return { server, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Lets go of the shims; the empty parents of cgroups go with the last container. */
async function closeContainers(backend: ContainerBackend): Promise<void> {
  for (const entry of backend.registry.list()) await entry.task?.release();
  await backend.registry.settled();
  if (backend.registry.list().some((entry) => entry.isRunning)) return;
  const folders = cgroupFolders(backend.cgroups, backend.cgroupParent);
  for (const folder of folders) await rmEmpty(folder);
}

async function rmEmpty(folder: string): Promise<void> {
  // In use by another engine, or never made.
  await rmdir(folder).catch(() => undefined);
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
