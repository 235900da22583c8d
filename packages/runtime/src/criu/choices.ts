/** What `checkpoint` and `restore` have in common, criu(8). Paths are absolute. */
export interface CriuChoices {
  /** The folder of the image files. */
  readonly images: string;
  /** The folder of logs. */
  readonly work: string;
  readonly tcpEstablished?: boolean;
  readonly extUnixSk?: boolean;
  readonly shellJob?: boolean;
  readonly lazyPages?: boolean;
  readonly fileLocks?: boolean;
  readonly manageCgroups?: string;
  /** Kinds of namespaces to make and leave empty; criu knows `net` alone. */
  readonly emptyNamespaces?: readonly string[];
  readonly autoDedup?: boolean;
}

/** The words that both commands of criu take. */
export function commonWords(choices: CriuChoices, logName: string): string[] {
  const words = ['--images-dir', choices.images, '--work-dir', choices.work, '--log-file', logName, '-v4'];
  const switches: readonly (readonly [boolean | undefined, string])[] = [
    [choices.tcpEstablished, '--tcp-established'],
    [choices.extUnixSk, '--ext-unix-sk'],
    [choices.shellJob, '--shell-job'],
    [choices.lazyPages, '--lazy-pages'],
    [choices.fileLocks, '--file-locks'],
    [choices.autoDedup, '--auto-dedup'],
  ];
  for (const [wanted, word] of switches) if (wanted) words.push(word);
  words.push(`--manage-cgroups=${choices.manageCgroups || 'soft'}`);
  for (const kind of choices.emptyNamespaces ?? []) words.push('--empty-ns', kind === 'network' ? 'net' : kind);
  return words;
}
