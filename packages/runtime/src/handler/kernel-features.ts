import { readFileSync } from 'node:fs';
import { syscall } from '@berth/addon/call';
import type { HandlerFeatures } from './contract.ts';

/** mount_setattr(2), the same number on every architecture; Linux 5.12. */
const mountSetattr = 442;
const ENOSYS = -38;

let known: HandlerFeatures | undefined;

/** What the kernel has to offer: recursive read-only mounts and idmapped ones came with the same system call. */
export function kernelFeatures(): HandlerFeatures {
  // Attributes of no size are refused before anything is done.
  const hasAttributes = () => syscall(mountSetattr, -1, 0, 0, 0, 0) !== ENOSYS;
  known ??= { recursiveReadonly: hasAttributes(), userNamespaces: hasAttributes() && mayMakeUserNamespaces() };
  return known;
}

function mayMakeUserNamespaces(): boolean {
  try {
    return Number(readFileSync('/proc/sys/user/max_user_namespaces', 'utf8')) > 0;
  } catch {
    // The kernel was built without them.
    return false;
  }
}
