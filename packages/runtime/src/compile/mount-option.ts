import { MOUNT_ATTR, MS } from './kernel-flags.ts';

/** What a list of mount(8) options comes to. */
export interface MountOptions {
  /** `bind` or `rbind`, undefined when neither is given. */
  readonly bind: 'bind' | 'rbind' | undefined;
  /** MOUNT_ATTR_ bits of the mount itself to set and to clear, whichever form they were given in. */
  readonly set: number;
  readonly clear: number;
  /** Those for the whole tree (`rro` and its kin). */
  readonly treeSet: number;
  readonly treeClear: number;
  /** MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE with MS_REC for the r forms; 0 for none. */
  readonly propagation: number;
  /** MS_ flags of the superblock (`sync`, `dirsync`, `lazytime`). */
  readonly superblock: number;
  /** Ids shown as the mount's own maps say, or the container's: of the mount, or of the whole tree. */
  readonly idmap: 'idmap' | 'ridmap' | undefined;
  /** A tmpfs that starts with what it covers. */
  readonly copyUp: boolean;
  /** Changes the mount that is there. */
  readonly remount: boolean;
  /** All else: the file system's own options. */
  readonly data: readonly string[];
}

type Attribute = { readonly set: number; readonly clear: number };

const A = MOUNT_ATTR;
const on = (bit: number): Attribute => ({ set: bit, clear: 0 });
const off = (bit: number): Attribute => ({ set: 0, clear: bit });
/** Access time modes are values of one field: the kernel wants the field cleared with every set. */
const atime = (value: number): Attribute => ({ set: value, clear: A.MOUNT_ATTR__ATIME });

/** Options that are attributes of the mount; each has an `r` form for the whole tree. */
const attributes: Readonly<Record<string, Attribute>> = {
  ro: on(A.MOUNT_ATTR_RDONLY),
  rw: off(A.MOUNT_ATTR_RDONLY),
  nosuid: on(A.MOUNT_ATTR_NOSUID),
  suid: off(A.MOUNT_ATTR_NOSUID),
  nodev: on(A.MOUNT_ATTR_NODEV),
  dev: off(A.MOUNT_ATTR_NODEV),
  noexec: on(A.MOUNT_ATTR_NOEXEC),
  exec: off(A.MOUNT_ATTR_NOEXEC),
  nodiratime: on(A.MOUNT_ATTR_NODIRATIME),
  diratime: off(A.MOUNT_ATTR_NODIRATIME),
  nosymfollow: on(A.MOUNT_ATTR_NOSYMFOLLOW),
  symfollow: off(A.MOUNT_ATTR_NOSYMFOLLOW),
  relatime: atime(0),
  norelatime: atime(A.MOUNT_ATTR_STRICTATIME),
  noatime: atime(A.MOUNT_ATTR_NOATIME),
  atime: atime(0),
  strictatime: atime(A.MOUNT_ATTR_STRICTATIME),
  nostrictatime: atime(0),
};

const propagations: Readonly<Record<string, number>> = {
  private: MS.MS_PRIVATE,
  slave: MS.MS_SLAVE,
  shared: MS.MS_SHARED,
  unbindable: MS.MS_UNBINDABLE,
  rprivate: MS.MS_PRIVATE | MS.MS_REC,
  rslave: MS.MS_SLAVE | MS.MS_REC,
  rshared: MS.MS_SHARED | MS.MS_REC,
  runbindable: MS.MS_UNBINDABLE | MS.MS_REC,
};

/** Options of the superblock as mount(2) flags; fsconfig(2) takes them by name. */
const superblockFlags: Readonly<Record<string, number>> = {
  sync: MS.MS_SYNCHRONOUS,
  dirsync: MS.MS_DIRSYNC,
  lazytime: MS.MS_LAZYTIME,
};

/** Their opposites, in mount(8)'s words. */
const superblockOff: Readonly<Record<string, number>> = {
  async: MS.MS_SYNCHRONOUS,
  nolazytime: MS.MS_LAZYTIME,
};

/**
 * Words that only restate a default or are for mount(8) itself, and four that mean nothing to Linux any more: mandatory
 * locks went with 5.15, and the file systems that count versions do it unasked.
 */
const withoutMeaning = new Set([
  'defaults',
  'silent',
  'loud',
  'nofail',
  'auto',
  'mand',
  'nomand',
  'iversion',
  'noiversion',
]);

/**
 * Sorts mount(8) options, runtime-spec config.md "Linux mount options". A later option wins over an
 * earlier one of the same field, as in mount(8).
 */
export function parseMountOptions(options: readonly string[] | undefined): MountOptions {
  let [propagation, superblock] = [0, 0];
  const own = { set: 0, clear: 0 };
  const tree = { set: 0, clear: 0 };
  const words = new Set<string>();
  const data: string[] = [];
  for (const option of options ?? []) {
    const attribute = attributeOf(option);
    if (attribute !== undefined) {
      change(own, attribute);
      if (attribute.recursive) change(tree, attribute);
    } else if (Object.hasOwn(propagations, option)) propagation = propagations[option] ?? 0;
    else if (Object.hasOwn(superblockFlags, option)) superblock |= superblockFlags[option] ?? 0;
    else if (Object.hasOwn(superblockOff, option)) superblock &= ~(superblockOff[option] ?? 0);
    else if (wordSet.has(option)) remember(words, option);
    else if (option !== '' && !withoutMeaning.has(option)) data.push(option);
  }
  return {
    bind: lastOf(words, ['bind', 'rbind']),
    ...keepField(own),
    treeSet: tree.set,
    treeClear: keepField(tree).clear,
    propagation,
    superblock,
    idmap: lastOf(words, ['idmap', 'ridmap']),
    copyUp: words.has('tmpcopyup'),
    remount: words.has('remount'),
    data,
  };
}

/** Words of the runtime spec that are no attribute of anything. */
const wordSet: ReadonlySet<string> = new Set(['bind', 'rbind', 'idmap', 'ridmap', 'tmpcopyup', 'remount']);

function remember(words: Set<string>, word: string): void {
  words.delete(word);
  words.add(word);
}

function lastOf<W extends string>(words: ReadonlySet<string>, wanted: readonly W[]): W | undefined {
  return [...words].findLast((word): word is W => (wanted as readonly string[]).includes(word));
}

function change(bits: { set: number; clear: number }, { set, clear }: Attribute): void {
  bits.set = (bits.set & ~clear) | set;
  bits.clear = (bits.clear & ~set) | clear;
}

/** The clear of the access time field must stay beside whatever value was set in it. */
function keepField({ set, clear }: Attribute): Attribute {
  return { set, clear: set & A.MOUNT_ATTR__ATIME ? clear | A.MOUNT_ATTR__ATIME : clear };
}

/** Every option that is not handed to the file system, for `features`. */
export function mountOptionNames(): string[] {
  const own = Object.keys(attributes);
  return [
    ...own,
    ...own.map((name) => `r${name}`),
    ...Object.keys(propagations),
    ...Object.keys(superblockFlags),
    ...Object.keys(superblockOff),
    ...withoutMeaning,
    ...wordSet,
  ].toSorted();
}

/** The superblock flags as the names that fsconfig(2) knows. */
export function superblockOptions(flags: number): string[] {
  return Object.keys(superblockFlags).filter((name) => flags & (superblockFlags[name] ?? 0));
}

/** MOUNT_ATTR_ bits as the flags of mount(2). */
export function mountFlags(options: MountOptions): number {
  const pairs: [number, number][] = [
    [A.MOUNT_ATTR_RDONLY, MS.MS_RDONLY],
    [A.MOUNT_ATTR_NOSUID, MS.MS_NOSUID],
    [A.MOUNT_ATTR_NODEV, MS.MS_NODEV],
    [A.MOUNT_ATTR_NOEXEC, MS.MS_NOEXEC],
    [A.MOUNT_ATTR_NOATIME, MS.MS_NOATIME],
    [A.MOUNT_ATTR_STRICTATIME, MS.MS_STRICTATIME],
    [A.MOUNT_ATTR_NODIRATIME, MS.MS_NODIRATIME],
    [A.MOUNT_ATTR_NOSYMFOLLOW, MS.MS_NOSYMFOLLOW],
  ];
  return pairs.reduce(
    (flags, [attribute, flag]) => (options.set & attribute ? flags | flag : flags),
    options.superblock,
  );
}

function attributeOf(option: string): (Attribute & { recursive: boolean }) | undefined {
  if (Object.hasOwn(attributes, option)) return plain(attributes[option], false);
  const inner = option.slice(1);
  if (option.startsWith('r') && Object.hasOwn(attributes, inner)) {
    return plain(attributes[inner], true);
  }
  return undefined;
}

function plain(attribute: Attribute | undefined, recursive: boolean) {
  return attribute && { ...attribute, recursive };
}
