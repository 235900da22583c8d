import type {
  CapabilitySets,
  IoPrioritySpec,
  ProcessSpec,
  RlimitSpec,
  SchedulerSpec,
  UserSpec,
} from '@berth/model/runtime-spec';
import { bool, int32, int53, list, object, oneOf, optionalText, text, uint16, uint32, uint64 } from './guard.ts';
import { ioClasses, schedulerFlags, schedulerPolicies } from './words.ts';

const user = object<UserSpec>(
  { uid: uint32, gid: uint32, umask: uint32, additionalGids: list(uint32) },
  { defaults: { uid: 0, gid: 0 } },
);

const capabilities = object<CapabilitySets>({
  bounding: list(text),
  effective: list(text),
  permitted: list(text),
  inheritable: list(text),
  ambient: list(text),
});

const rlimit = object<RlimitSpec>({ type: text, soft: uint64, hard: uint64 }, { required: ['type', 'soft', 'hard'] });

const ioPriority = object<IoPrioritySpec>({ class: oneOf(ioClasses), priority: int32 }, { required: ['class'] });

const scheduler = object<SchedulerSpec>(
  {
    policy: oneOf(schedulerPolicies),
    nice: int32,
    priority: int32,
    flags: list(oneOf(schedulerFlags)),
    runtime: uint64,
    deadline: uint64,
    period: uint64,
  },
  { required: ['policy'] },
);

type ConsoleSize = NonNullable<ProcessSpec['consoleSize']>;
type Affinity = NonNullable<ProcessSpec['execCPUAffinity']>;

/** `process` of config.json, and the whole of a process.json; config.md "Process". */
export const processShape = object<ProcessSpec>(
  {
    terminal: bool,
    // TIOCSWINSZ has 16 bits for each.
    consoleSize: object<ConsoleSize>({ height: uint16, width: uint16 }, { required: ['height', 'width'] }),
    user,
    args: list(text, { filled: true }),
    env: list(text),
    cwd: text,
    capabilities,
    rlimits: list(rlimit),
    noNewPrivileges: bool,
    oomScoreAdj: int53,
    apparmorProfile: optionalText,
    selinuxLabel: optionalText,
    ioPriority,
    scheduler,
    execCPUAffinity: object<Affinity>({ initial: optionalText, final: optionalText }),
  },
  { required: ['args', 'cwd'], defaults: { user: { uid: 0, gid: 0 }, env: [] } },
);
