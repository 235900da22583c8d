import { readFileSync } from 'node:fs';
import { tolerate } from '@berth/model/error';

/** The name of a user of this machine, or his number where he has none. */
export function ownerName(uid: number, passwdFile = '/etc/passwd'): string {
  let text = '';
  tolerate(['ENOENT', 'EACCES'], () => (text = readFileSync(passwdFile, 'utf8')));
  const found = text.split('\n').find((line) => line.split(':')[2] === String(uid));
  return found?.split(':')[0] ?? String(uid);
}
