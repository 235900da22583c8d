import { access, constants, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asError, BerthError } from '@berth/model/error';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { writeBundle } from './bundle.ts';
import { askFeatures, type CommandFeatures } from './features.ts';
import { invoke } from './invoke.ts';
import { missing } from './missing.ts';
import type { CommandRuntimeOptions } from './options.ts';

/** A program that no root has. */
const nothing = '/berth-trial';

/**
 * Finds out whether a runtime works on this machine by creating a container of an empty root: whoever gets as far as to
 * miss the program has made namespaces, mounts and cgroups. Gives what the runtime says of itself.
 * @throws failed_precondition (`runtime_missing`, `runtime_not_executable`, `runtime_refuses`)
 */
export async function tryRuntime(options: CommandRuntimeOptions): Promise<CommandFeatures> {
  await access(options.binary, constants.X_OK).catch((cause: unknown) => {
    throw missing(options, cause);
  });
  const features = await askFeatures(options.binary);
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-trial-'));
  try {
    await createNothing(options, folder, features);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return features;
}

async function createNothing(options: CommandRuntimeOptions, folder: string, features: CommandFeatures): Promise<void> {
  const id = path.basename(folder);
  const own = { ...options, root: path.join(folder, 'state') };
  const rootfs = path.join(folder, 'rootfs');
  await mkdir(rootfs);
  await writeBundle(folder, trialSpec(rootfs, `${options.cgroupParent}/${id}`), features);
  try {
    await invoke(own, { folder, words: ['create', '--bundle', folder, id] });
  } catch (error) {
    if (!isMissed(error)) throw refuses(options, error);
  }
  // Where the runtime looks for the program only at `start`, the container is there now.
  await invoke(own, { folder, words: ['delete', '--force', id] }).catch(() => undefined);
}

function isMissed(error: unknown): boolean {
  return asError(error).message.includes(nothing) && error instanceof BerthError && error.code === 'command_not_found';
}

function refuses({ name, binary }: CommandRuntimeOptions, cause: unknown): BerthError {
  const reason = asError(cause).message.replace(`${name}: create: `, '');
  return new BerthError('failed_precondition', `runtime ${name} (${binary}) refuses this machine: ${reason}`, {
    code: 'runtime_refuses',
    cause,
  });
}

function trialSpec(rootfs: string, cgroupsPath: string): RuntimeSpec {
  return {
    ociVersion: '1.0.2',
    root: { path: rootfs },
    process: { user: { uid: 0, gid: 0 }, args: [nothing], env: ['PATH=/bin'], cwd: '/' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      namespaces: (['pid', 'mount', 'ipc', 'uts', 'network'] as const).map((type) => ({ type })),
      cgroupsPath,
    },
  };
}
