import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import { BerthError, errnoName, isKind } from '@berth/model/error';
import { signalNumber } from '@berth/model/signal';
import type { ReadyImage } from '#service/image/contract';
import { addContainer, type MadeContainer, type ReadText } from './add.ts';
import type { ContainerBackend } from './backend.ts';
import type { BindMount, ContainerConfig, CreatedContainer } from './contract.ts';
import { checkLimits } from './check-limits.ts';
import { containerSpec } from './container-spec.ts';
import { writeEtcFiles } from './etc-files.ts';
import { checkContainerName, freeName, newContainerId } from './name.ts';
import { foldersOf, ownRuntime } from './places.ts';

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
  const make = (readText: ReadText) => makeParts(backend, { id, config, image, readText });
  await addContainer(backend, context, { id, name, image, runtime, make });
  return { id, name, warnings: [] };
}

function chooseName(backend: ContainerBackend, namespace: string, wanted: string | undefined): string {
  const holder = (name: string) => backend.registry.nameTaken(namespace, name);
  if (wanted === undefined) return freeName((name) => holder(name) !== undefined);
  const name = checkContainerName(wanted.replace(/^\//, ''));
  backend.registry.checkName(namespace, name);
  return name;
}

export async function readyImage(backend: ContainerBackend, context: CallContext, ref: string): Promise<ReadyImage> {
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
  readonly readText: ReadText;
}

async function makeParts(backend: ContainerBackend, { id, config, image, readText }: Parts): Promise<MadeContainer> {
  const hostname = hostnameOf(config, id);
  const etc = await writeEtcFiles(foldersOf(backend, id).root, hostname, config.network === 'host');
  const spec = containerSpec(backend, { id, config, image: image.config.config, hostname, etc, readText });
  const stopSignal = signalNumber(config.stopSignal ?? image.config.config?.StopSignal ?? 'TERM');
  return { config, spec, stopSignal };
}

function hostnameOf(config: ContainerConfig, id: string): string {
  if (config.hostname === undefined || config.hostname === '') return id.slice(0, 12);
  if (/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62})$/.test(config.hostname)) return config.hostname;
  throw new BerthError('invalid_argument', `invalid hostname '${config.hostname}'`, {
    code: 'bad_hostname',
    hint: 'a host name has at most 63 letters, digits, dots and dashes',
  });
}
