import { strict as assert } from 'node:assert';

/** What the probe told: its answers by their words. */
export class Seen {
  readonly #answers: Readonly<Record<string, unknown>>;

  /** @param text the probe's whole output. @throws AssertionError when that is no report */
  constructor(text: string) {
    const line = text.split('\n').find((each) => each.startsWith('{'));
    assert.ok(line !== undefined, `no report in ${JSON.stringify(text)}`);
    this.#answers = JSON.parse(line) as Record<string, unknown>;
  }

  /** The answer, which has the form that the caller names. @throws AssertionError when it was not asked */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  of<T = string>(word: string): T {
    assert.ok(word in this.#answers, `the probe was not asked for ${word}`);
    return this.#answers[word] as T;
  }

  /** A field of `read /proc/self/status`. */
  status(field: string): string {
    const found = new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(this.of('read /proc/self/status'));
    assert.ok(found !== null, `no ${field} in status`);
    return found[1]!.trim();
  }

  /** The lines of `read /proc/self/mountinfo`. */
  get mounts(): Mount[] {
    return this.of('read /proc/self/mountinfo').trimEnd().split('\n').map(parseMount);
  }

  /** The topmost mount on a path. @throws AssertionError when there is none */
  mount(target: string): Mount {
    const found = this.mounts.findLast((each) => each.target === target);
    assert.ok(found !== undefined, `nothing is mounted on ${target}`);
    return found;
  }
}

export interface Mount {
  readonly root: string;
  readonly target: string;
  readonly options: readonly string[];
  /** `shared:1`, `master:2`, … */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

function parseMount(line: string): Mount {
  const [left = '', right = ''] = line.split(' - ');
  const [, , , root = '', target = '', options = '', ...propagation] = left.split(' ');
  const [type = '', source = '', superOptions = ''] = right.split(' ');
  return {
    root,
    target,
    options: options.split(','),
    propagation,
    type,
    source,
    superOptions: superOptions.split(','),
  };
}

const names =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP';

/** The names, without CAP_, in a mask of /proc/self/status, sorted. */
export function capabilityNames(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  const all = names.split(' ');
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => (bits & (1n << BigInt(bit))) !== 0n)
    .map((bit) => all[bit] ?? String(bit))
    .sort();
}
