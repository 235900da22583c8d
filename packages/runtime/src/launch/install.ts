import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/model/error';

/**
 * Where the native launcher is: `BERTH_LAUNCHER`, else beside the bundle, else in the project's build folder when the
 * sources run as they are. @throws failed_precondition
 */
export function findLauncher(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['BERTH_LAUNCHER'];
  const places = [join(import.meta.dirname, 'native'), join(import.meta.dirname, '../../../../build/native')];
  const candidates = named === undefined ? places.map((folder) => join(folder, 'berth-launcher')) : [named];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new BerthError('failed_precondition', `no berth-launcher at ${candidates.join(' or ')}`, {
    code: 'no_launcher',
    hint: 'npm run build makes it; BERTH_LAUNCHER names another place',
  });
}
