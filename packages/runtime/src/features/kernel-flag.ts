/** The release in which Linux learnt each filter flag, seccomp(2). */
const since: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  SECCOMP_FILTER_FLAG_TSYNC: [3, 17],
  SECCOMP_FILTER_FLAG_LOG: [4, 14],
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: [4, 17],
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: [5, 19],
};

/**
 * Whether a kernel takes a filter flag, by its release (`os.release()`, `6.18.5-generic`). The kernel itself would be
 * asked with an empty filter, but Node has no such call, and a command that lists features needs no native part.
 */
export function kernelTakesFilterFlag(release: string, name: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor, wantedMinor] = since[name] ?? [Infinity, 0];
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
