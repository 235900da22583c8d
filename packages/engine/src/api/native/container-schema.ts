import * as v from 'valibot';

const strings = v.array(v.pipe(v.string(), noNul()));
const text = v.pipe(v.string(), noNul());
const count = v.pipe(v.number(), v.integer());
const natural = v.pipe(count, v.minValue(0));
const boolean = v.boolean();

function noNul() {
  return v.check<string, string>((value) => !value.includes('\0'), 'must not hold a NUL');
}

/** ContainerCreate of the API. Unknown fields are refused: a misspelt limit must not be silently ignored. */
export const containerCreateSchema = v.strictObject({
  name: v.optional(text),
  image: text,
  command: v.optional(strings),
  entrypoint: v.optional(strings),
  env: v.optional(strings),
  labels: v.optional(v.record(v.string(), v.string())),
  workingDir: v.optional(text),
  user: v.optional(text),
  hostname: v.optional(text),
  tty: v.optional(boolean),
  openStdin: v.optional(boolean),
  stdinOnce: v.optional(boolean),
  mounts: v.optional(
    v.array(
      v.strictObject({
        source: text,
        target: text,
        readonly: v.optional(boolean),
        propagation: v.optional(text),
        createSource: v.optional(boolean),
      }),
    ),
  ),
  tmpfs: v.optional(v.array(v.strictObject({ target: text, options: strings }))),
  readonlyRootfs: v.optional(boolean),
  memory: v.optional(natural),
  memorySwap: v.optional(count),
  memoryReservation: v.optional(natural),
  nanoCpus: v.optional(natural),
  cpuShares: v.optional(natural),
  cpusetCpus: v.optional(text),
  pidsLimit: v.optional(count),
  shmSize: v.optional(natural),
  capAdd: v.optional(strings),
  capDrop: v.optional(strings),
  privileged: v.optional(boolean),
  seccomp: v.optional(text),
  noNewPrivileges: v.optional(boolean),
  network: v.optional(text),
  pid: v.optional(text),
  ipc: v.optional(text),
  uts: v.optional(text),
  sysctls: v.optional(v.record(v.string(), v.string())),
  ulimits: v.optional(v.array(v.strictObject({ name: text, soft: count, hard: count }))),
  oomScoreAdj: v.optional(v.pipe(count, v.minValue(-1000), v.maxValue(1000))),
  runtime: v.optional(text),
  autoRemove: v.optional(boolean),
  stopSignal: v.optional(text),
  stopTimeout: v.optional(natural),
  injectFailure: v.optional(natural),
});

/** ExecCreate of the API. */
export const execCreateSchema = v.strictObject({
  command: v.pipe(strings, v.minLength(1, 'must name a command')),
  env: v.optional(strings),
  workingDir: v.optional(text),
  user: v.optional(text),
  tty: v.optional(boolean),
  attachStdin: v.optional(boolean),
  attachOutput: v.optional(boolean),
  privileged: v.optional(boolean),
});
