import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';

export interface MountSource {
  readonly source?: string;
  readonly type?: string;
  /** `MS_*`, 0 if absent. */
  readonly flags?: number;
  /** Options of the file system, separated by commas. */
  readonly data?: string;
}

/** mount(2). @throws SystemError with the target as its path */
export function mount(target: string, { source, type, flags = 0, data }: MountSource): void {
  // An absent text is a null pointer.
  outcome(syscall(SYS.mount, source ?? 0, target, type ?? 0, flags, data ?? 0), 'mount', target);
}

export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

/** umount2(2); false when nothing is mounted there, or the place does not exist. @throws SystemError */
export function umount(target: string, flags: number = MNT_DETACH | UMOUNT_NOFOLLOW): boolean {
  const result = syscall(SYS.umount2, target, flags);
  return result === EINVAL || result === ENOENT ? false : outcome(result, 'umount2', target) === 0;
}

const ENOENT = -2;
const EINVAL = -22;
