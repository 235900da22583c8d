import path from 'node:path';
import { BerthError } from '@berth/model/error';
import type { ImageRunConfig } from '@berth/model/image-config';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { Bind, ContainerSpecInput, NamespaceChoice } from '@berth/runtime/defaults/container-spec-input';

import { buildSpec, hostSpecFacts } from '@berth/runtime/defaults/spec';
import { resolveUser } from '@berth/runtime/defaults/user';
import { parseSeccompProfile, type SeccompProfile } from '@berth/runtime/seccomp/profile';
import type { ContainerBackend } from './backend.ts';
import type { BindMount, ContainerConfig } from './contract.ts';
import type { EtcFiles } from './etc-files.ts';
import { hostDevices } from './host-devices.ts';
import { cgroupPathOf, rootTarget } from './places.ts';
import { mergeEnvironment, programArguments } from './program.ts';

/** What a spec is made of, the image's part of it included. */
export interface SpecParts {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly image: ImageRunConfig | undefined;
  readonly hostname: string;
  readonly etc: EtcFiles;
  /** A text file of the image, empty when it has none. */
  readonly readText: (file: string) => string;
}

/** The runtime spec of a container: what was asked, what the image says, docker's defaults. */
export function containerSpec(backend: ContainerBackend, parts: SpecParts): RuntimeSpec {
  const { id, config, image, hostname, etc, readText } = parts;
  const user = resolveUser(config.user ?? image?.User ?? '', {
    passwd: readText('/etc/passwd'),
    group: readText('/etc/group'),
  });
  const input: ContainerSpecInput = {
    ...pickDefined(config, sameFields),
    rootPath: rootTarget(backend),
    args: programArguments(config, image),
    env: mergeEnvironment(image?.Env ?? [], config.env ?? []),
    cwd: workingDir(config.workingDir ?? image?.WorkingDir ?? ''),
    user,
    binds: (config.mounts ?? []).map(bindOf),
    etc,
    ...(config.uts === 'host' ? {} : { hostname }),
    ...(config.tmpfs === undefined
      ? {}
      : { tmpfs: config.tmpfs.map(({ target, options }) => ({ destination: target, options })) }),
    seccomp: seccompChoice(config.seccomp),
    networkMode: networkMode(config.network),
    pidMode: namespaceChoice('pid', config.pid),
    ipcMode: namespaceChoice('ipc', config.ipc),
    utsMode: namespaceChoice('uts', config.uts),
    cgroupsPath: cgroupPathOf(backend, id),
  };
  const facts = hostSpecFacts();
  return buildSpec(input, config.privileged ? { ...facts, hostDevices: hostDevices() } : facts);
}

/** Fields that mean the same in both. */
const sameFields = [
  'readonlyRootfs',
  'tty',
  'memory',
  'memorySwap',
  'memoryReservation',
  'nanoCpus',
  'cpuShares',
  'cpusetCpus',
  'pidsLimit',
  'shmSize',
  'capAdd',
  'capDrop',
  'privileged',
  'noNewPrivileges',
  'ulimits',
  'sysctls',
  'oomScoreAdj',
] as const satisfies readonly (keyof ContainerConfig & keyof ContainerSpecInput)[];

function pickDefined<K extends keyof ContainerConfig>(
  config: ContainerConfig,
  keys: readonly K[],
): Pick<ContainerConfig, K> {
  const entries = keys.filter((key) => config[key] !== undefined).map((key) => [key, config[key]]);
  return Object.fromEntries(entries) as Pick<ContainerConfig, K>;
}

function workingDir(text: string): string {
  if (text === '') return '/';
  if (path.isAbsolute(text)) return path.normalize(text);
  throw new BerthError('invalid_argument', `the working directory '${text}' is not absolute`, {
    code: 'bad_working_dir',
  });
}

const propagations = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'] as const;

function bindOf({ source, target, readonly, propagation }: BindMount): Bind {
  const kind = propagations.find((one) => one === propagation);
  if (propagation !== undefined && kind === undefined) {
    throw new BerthError('invalid_argument', `unknown propagation '${propagation}' of mount ${target}`, {
      code: 'bad_mount',
      hint: `one of ${propagations.join(', ')}`,
    });
  }
  return {
    source,
    destination: path.normalize(target),
    readonly: readonly ?? false,
    ...(kind === undefined ? {} : { propagation: kind }),
  };
}

function seccompChoice(text: string | undefined): 'default' | 'unconfined' | SeccompProfile {
  if (text === undefined || text === 'default') return 'default';
  return text === 'unconfined' ? text : parseSeccompProfile(text);
}

function networkMode(network: string | undefined): 'none' | 'host' {
  if (network === undefined || network === 'none' || network === 'default') return 'none';
  if (network === 'host') return 'host';
  throw new BerthError('invalid_argument', `unknown network '${network}'`, {
    code: 'unknown_network',
    hint: 'none (a loopback interface only) or host',
  });
}

function namespaceChoice(type: string, choice: string | undefined): NamespaceChoice {
  if (choice === undefined || choice === '' || choice === 'private') return 'private';
  if (choice === 'host') return 'host';
  throw new BerthError('invalid_argument', `unknown ${type} namespace '${choice}'`, {
    code: 'unknown_namespace',
    hint: 'private or host',
  });
}
