import type {
  DeviceSpec,
  IdMapping,
  IntelRdtSpec,
  LinuxSpec,
  MemoryPolicySpec,
  NamespaceSpec,
  TimeOffset,
} from '@berth/model/runtime-spec';
import { bool, int53, integer, list, map, mapped, object, oneOf, optionalText, text, uint32 } from './guard.ts';
import { resourcesShape } from './resources.ts';
import { seccompShape } from './seccomp.ts';
import {
  deviceTypes,
  memoryPolicyFlags,
  memoryPolicyModes,
  namespaceTypes,
  personalityDomains,
  rootPropagations,
} from './words.ts';

/** uid_map and gid_map, of a container and of an idmapped mount. */
export const idMappings = list(
  object<IdMapping>(
    { containerID: uint32, hostID: uint32, size: uint32 },
    { required: ['containerID', 'hostID', 'size'] },
  ),
);

const namespace = object<NamespaceSpec>({ type: oneOf(namespaceTypes), path: optionalText }, { required: ['type'] });

const timeOffset = object<TimeOffset>({ secs: int53, nanosecs: uint32 });

const device = object<DeviceSpec>(
  {
    path: text,
    type: oneOf(deviceTypes),
    major: int53,
    minor: int53,
    // podman leaves the type's bits of st_mode in it.
    fileMode: mapped(integer(0, 0o177777), (mode) => mode & 0o7777),
    uid: uint32,
    gid: uint32,
  },
  { required: ['path', 'type'] },
);

const intelRdt = object<IntelRdtSpec>({
  closID: optionalText,
  schemata: list(text),
  l3CacheSchema: optionalText,
  memBwSchema: optionalText,
  enableMonitoring: bool,
});

const memoryPolicy = object<MemoryPolicySpec>(
  { mode: oneOf(memoryPolicyModes), nodes: optionalText, flags: list(oneOf(memoryPolicyFlags)) },
  { required: ['mode'] },
);

/** The recursive forms are what runc's callers write; the root of a new namespace knows no difference. */
const propagation = mapped(
  oneOf(rootPropagations),
  (word) => word.replace(/^r/, '') as NonNullable<LinuxSpec['rootfsPropagation']>,
);

/** `linux` of config.json, config-linux.md. */
export const linuxShape = object<LinuxSpec>(
  {
    namespaces: list(namespace),
    uidMappings: idMappings,
    gidMappings: idMappings,
    timeOffsets: object<NonNullable<LinuxSpec['timeOffsets']>>({ monotonic: timeOffset, boottime: timeOffset }),
    devices: list(device),
    netDevices: map(object<{ readonly name?: string }>({ name: optionalText })),
    cgroupsPath: optionalText,
    resources: resourcesShape,
    rootfsPropagation: (value, report) => (value === '' ? undefined : propagation(value, report)),
    seccomp: seccompShape,
    sysctl: map(text),
    maskedPaths: list(text),
    readonlyPaths: list(text),
    mountLabel: optionalText,
    intelRdt,
    memoryPolicy,
    personality: object<NonNullable<LinuxSpec['personality']>>(
      { domain: oneOf(personalityDomains), flags: list(text) },
      { required: ['domain'] },
    ),
  },
  { defaults: { namespaces: [] } },
);
