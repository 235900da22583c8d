import { mkdir, rm, rmdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import path from 'node:path';
import type { Log } from '@berth/model/context';
import { detectCgroups } from '@berth/runtime/cgroup/detect';
import { createRegistryClient } from '@berth/image/registry/client';
import { credentialChain } from '@berth/image/registry/credentials/chain';
import { everyCgroupFolder } from '@berth/runtime/cgroup/layout';
import { containingMount } from '@berth/runtime/compile/containing-mount';
import type { CommandRuntimeOptions } from '@berth/runtime/handler/command/options';
import { createRuntimes } from '@berth/runtime/handler/create-runtimes';
import { Launcher } from '@berth/runtime/shim/launcher';
import type { CriBackend } from '#api/cri/backend';
import { criServices } from '#api/cri/services';
import { createHttpHost } from '#api/http/host';
import type { Dialect } from '#api/http/route';
import { nativeDialect } from '#api/native/dialect';
import { registryDialect } from '#api/registry/dialect';
import { createRpcHost } from '#api/rpc/host';
import { createCollectionService } from '#service/collection/collection';
import type { ContainerBackend } from '#service/container/backend';
import { createContainerService } from '#service/container/containers';
import type { ContainerService } from '#service/container/contract';
import { Execs } from '#service/container/execs';
import { checkRunFolder, containerFolders } from '#service/container/folders';
import { createContainerInsight } from '#service/insight/insights';
import { rootTarget } from '#service/container/places';
import { recoverContainers } from '#service/container/recover';
import { ContainerRegistry } from '#service/container/registry';
import { StartRecordFile } from '#service/container/start-record';
import { warmUp } from '#service/container/warm-up';
import { createDiskService } from '#service/disk/disk';
import { EventBus } from '#service/event/bus';
import type { Events } from '#service/event/contract';
import type { ImageService } from '#service/image/contract';
import { DocumentFacts } from '#service/image/document-facts';
import { BlobTurns } from '#service/image/blob-turns';
import type { ImageBackend } from '#service/image/backend';
import { Slots } from '#service/image/slots';
import { createImageService } from '#service/image/images';
import { createLeaseService } from '#service/lease/leases';
import { createNamespaceService } from '#service/namespace/namespaces';
import type { RegistryService } from '#service/registry/contract';
import { createRegistryService } from '#service/registry/registry';
import type { SystemService } from '#service/system/contract';
import { createImageTransfers, type TransferOptions } from '#service/image/transfers';
import { createSystemService } from '#service/system/system';
import { CollectionSchedule } from '#store/gc/schedule';
import { openStores, type Stores } from '#store/open-stores';
import { lockRun } from '#store/root/run-lock';
import { readFileInLayers } from '#store/tree/read-file';
import { walkLayers } from '#store/tree/walk';
import { composePods } from './compose-pods.ts';
import type { DaemonConfig } from './config.ts';
import { createFrontDoor } from './front-door.ts';
import { findLauncher } from './install.ts';
import { version } from './version.ts';

/** The engine put together. Disposing closes it; containers go on. */
export interface Engine extends AsyncDisposable {
  /** For the daemon's socket: HTTP/1.1 and gRPC. */
  readonly server: NetServer;
  /** For each of the sockets in `[cri]`: gRPC. */
  readonly cri: readonly NetServer[];
  /** For the network, where the configuration has `[serve]`. */
  readonly network?: Server;
}

/** The only place that names implementations. @throws what keeps the engine from starting, in words */
export async function composeEngine(
  config: DaemonConfig,
  { log, shutdown }: { readonly log: Log; readonly shutdown: () => void },
): Promise<Engine> {
  const { run } = config;
  checkRunFolder(run);
  await using cleanup = new AsyncDisposableStack();
  await makeFolders(config);
  // Before anything in it is touched: the launcher's socket, and what looks like leftovers of containers.
  cleanup.use(lockRun(config));
  const stores = await composeStores(config, log, cleanup);
  await emptyScratch(config);
  const socket = path.join(run, 'launcher.sock');
  const launcher = cleanup.use(await Launcher.start({ binary: findLauncher(process.env), socket }));
  const events = new EventBus();
  const imageParts = imageBackend(config, stores, events);
  const images = createImageService(imageParts);
  const transfers = createImageTransfers(imageParts, registryAccess(config));
  const backend = containerBackend(config, { stores, images, events, launcher, log });
  const containers = createContainerService(backend);
  const execs = new Execs(backend);
  cleanup.defer(() => closeContainers(backend));
  setImmediate(() => warmUp(backend));
  await recoverContainers(backend);
  await execs.recover();
  const podParts = { backend, stores, images: imageParts, transfers, containers, execs, log };
  const cri = await composePods(config, podParts, cleanup);
  const native = nativeDialect({
    containers,
    execs,
    insight: createContainerInsight(backend, execs),
    pods: cri.pods,
    podContainers: cri.podContainers,
    images,
    transfers,
    system: composeSystem(config, { backend, containers, stores, shutdown }),
    events,
    log,
    scratch: scratchOf(config),
    ...storageServices(stores),
  });
  const registry = cleanup.use(createRegistryService({ ...stores, events, images }));
  const servers = composeServers(config, { native, registry, cri, log });
  for (const server of Object.values(servers).flat()) cleanup.defer(trackConnections(server));
  const all = cleanup.move();
  return { ...servers, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

interface ServerParts {
  readonly native: Dialect;
  readonly registry: RegistryService;
  readonly cri: CriBackend;
  readonly log: Log;
}

function composeServers(
  { serve, cri: { sockets } }: DaemonConfig,
  { native, registry, cri, log }: ServerParts,
): Pick<Engine, 'server' | 'cri' | 'network'> {
  const owner = registryDialect({ registry, log, door: { for: 'owner' } });
  const rpc = createRpcHost({ services: criServices(cri), log });
  const server = createFrontDoor({ http: createHttpHost({ dialects: [native, owner], log }), rpc });
  // Not half-open: a session of HTTP/2 leaves a client's end to the socket, and would keep it for ever.
  const onlyRpc = () => createServer({ noDelay: true }, (socket) => rpc.emit('connection', socket));
  const own = { server, cri: sockets.map(onlyRpc) };
  if (serve === undefined) return own;
  const { namespace, tls } = serve;
  const strangers = registryDialect({ registry, log, door: { for: 'strangers', namespace } });
  return { ...own, network: createHttpHost({ dialects: [strangers], log, ...(tls === undefined ? {} : { tls }) }) };
}

function scratchOf({ root }: DaemonConfig): string {
  return path.join(root, 'tmp');
}

async function makeFolders(config: DaemonConfig): Promise<void> {
  await mkdir(config.root, { recursive: true, mode: 0o711 });
  await mkdir(path.join(config.run, 'c'), { recursive: true, mode: 0o711 });
  await mkdir(rootTarget(config), { recursive: true, mode: 0o700 });
  for (const folder of [path.join(config.root, 'mounts'), path.join(config.run, 'runtimes')]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
}

/** Emptied once the root folder is ours: what an earlier daemon left there is of no use to anybody. */
async function emptyScratch(config: DaemonConfig): Promise<void> {
  await rm(scratchOf(config), { recursive: true, force: true });
  await mkdir(scratchOf(config), { mode: 0o700 });
}

function imageBackend(config: DaemonConfig, stores: Stores, events: Events): ImageBackend {
  const { content, local, snapshots, metadata, leases, collector } = stores;
  return {
    content,
    blobPath: (digest) => local.blobPath(digest),
    snapshots,
    metadata,
    leases,
    collector,
    events,
    turns: new BlobTurns(),
    facts: new DocumentFacts(),
    downloads: new Slots(config.concurrentDownloads),
    scratch: scratchOf(config),
    root: config.root,
  };
}

async function composeStores(config: DaemonConfig, log: Log, cleanup: AsyncDisposableStack): Promise<Stores> {
  const { root, snapshotter, collectAlways, bootIdFile } = config;
  const stores = cleanup.use(
    await openStores({ root, log, snapshotter, collectAfterEveryWrite: collectAlways, bootIdFile }),
  );
  const { metadata, collector } = stores;
  cleanup.use(new CollectionSchedule({ metadata, collector, log }));
  return stores;
}

interface SystemParts {
  readonly backend: ContainerBackend;
  readonly containers: ContainerService;
  readonly stores: Stores;
  readonly shutdown: () => void;
}

function composeSystem(config: DaemonConfig, { backend, containers, stores, shutdown }: SystemParts): SystemService {
  const { root, run } = config;
  return createSystemService({
    identity: { version, pid: process.pid, root, run },
    containers,
    images: backend.images,
    snapshots: stores.snapshots,
    cgroups: backend.cgroups,
    runtimes: backend.runtimes.names,
    shutdown,
  });
}

/** What users see of the stores themselves. */
function storageServices(stores: Stores) {
  return {
    disk: createDiskService(stores),
    collection: createCollectionService(stores),
    namespaces: createNamespaceService(stores),
    leases: createLeaseService(stores),
  };
}

function registryAccess({ registry }: DaemonConfig): TransferOptions {
  const { credentials: file } = registry;
  return {
    credentials: credentialChain(file === undefined ? {} : { env: { ...process.env, REGISTRY_AUTH_FILE: file } }),
    openRegistry: (credentials) =>
      createRegistryClient({ credentials, hostFolders: registry.hostFolders, userAgent: `berth/${version}` }),
  };
}

interface ContainerParts {
  readonly stores: Stores;
  readonly images: ImageService;
  readonly events: Events;
  readonly launcher: Launcher;
  readonly log: Log;
}

function containerBackend(
  config: DaemonConfig,
  { stores, images, events, launcher, log }: ContainerParts,
): ContainerBackend {
  const { root, run, cgroupParent } = config;
  const { metadata, snapshots, leases } = stores;
  const cgroups = detectCgroups(cgroupParent);
  return {
    registry: new ContainerRegistry(metadata, log, (id) => new StartRecordFile(containerFolders(root, run, id).plan)),
    snapshots,
    leases,
    images,
    events,
    log,
    launcher,
    cgroups,
    cgroupParent,
    runtimes: createRuntimes(cgroups, commandRuntimes(config)),
    root,
    rootParent: containingMount(root),
    run,
    logLimits: { ...config.log, podLineMax: config.cri.maxLogLineSize },
    readFile: (layers, file) => readFileInLayers(layers, file, 4 << 20),
    walk: walkLayers,
  };
}

function commandRuntimes({ run, cgroupParent, runtimes }: DaemonConfig): CommandRuntimeOptions[] {
  return Object.entries(runtimes).map(([name, { binary, root = path.join(run, 'runtimes', name) }]) => ({
    name,
    binary,
    root,
    cgroupParent,
  }));
}

/** Lets go of the shims; the empty parents of cgroups go with the last container. */
async function closeContainers(backend: ContainerBackend): Promise<void> {
  for (const entry of backend.registry.list()) await entry.task?.release();
  await backend.registry.settled();
  if (backend.registry.list().some((entry) => entry.isRunning)) return;
  const folders = everyCgroupFolder(backend.cgroups, backend.cgroupParent);
  for (const folder of folders) await rmEmpty(folder);
}

async function rmEmpty(folder: string): Promise<void> {
  // In use by another engine, or never made.
  await rmdir(folder).catch(() => undefined);
}

/** Upgraded connections are nobody's but ours: node:http forgets them, and would wait for them for ever. */
function trackConnections(server: NetServer): () => Promise<void> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
  };
}
