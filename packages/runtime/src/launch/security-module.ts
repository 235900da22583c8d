import { existsSync, readFileSync } from 'node:fs';
import { tolerate } from '@berth/model/error';

/** Whether AppArmor is on: profiles can be loaded and taken. */
export function hasAppArmor(): boolean {
  return read('/sys/module/apparmor/parameters/enabled').startsWith('Y');
}

/** Whether SELinux is on, in whatever mode. */
export function hasSelinux(): boolean {
  return existsSync('/sys/fs/selinux/enforce');
}

function read(path: string): string {
  let text = '';
  tolerate(['ENOENT', 'EACCES'], () => (text = readFileSync(path, 'utf8')));
  return text;
}
