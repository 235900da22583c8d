import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where state is kept without `--root`: /run/berth-oci, or for a user without root a folder of the session's own
 * runtime folder. Root of a user namespace that is not called root is such a user too (podman's case).
 */
export function defaultRoot(env: NodeJS.ProcessEnv = process.env): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  const isUser = process.geteuid?.() !== 0 || (inUserNamespace() && env['USER'] !== 'root');
  return isUser && runtime !== undefined && runtime !== '' ? join(runtime, 'berth-oci') : '/run/berth-oci';
}

/** Whether this process lacks the rights of the machine's root, so that cgroups may be out of its reach. */
export function isRootless(choice: boolean | 'auto'): boolean {
  if (choice !== 'auto') return choice;
  return process.geteuid?.() !== 0 || inUserNamespace();
}

/** The first user namespace alone maps all ids onto themselves, user_namespaces(7). */
export function inUserNamespace(uidMap?: string): boolean {
  const [inside, outside, size] = (uidMap ?? read('/proc/self/uid_map')).trim().split(/\s+/);
  return !(inside === '0' && outside === '0' && size === '4294967295');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A kernel without user namespaces has no such file.
    return '0 0 4294967295';
  }
}
