import { syscall } from '@berth/addon/call';
import { filterFlagBits } from '../seccomp/action.ts';

/** seccomp(2) by its number: nobody else needs the call in Node. */
const seccomp = process.arch === 'arm64' ? 277 : 317;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_NEW_LISTENER = 8;
const EFAULT = -14;

/**
 * Whether this kernel takes a filter flag. The flags are looked at before the filter is: without one a good flag gives
 * EFAULT, a bad one EINVAL, and nothing happens to the process.
 */
export function kernelTakesFilterFlag(name: string): boolean {
  const bit = Object.hasOwn(filterFlagBits, name) ? filterFlagBits[name] : undefined;
  if (bit === undefined) return false;
  // How to wait for an agent may be said only where there is one.
  const beside = name === 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV' ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
  return syscall(seccomp, SECCOMP_SET_MODE_FILTER, bit | beside, 0) === EFAULT;
}
