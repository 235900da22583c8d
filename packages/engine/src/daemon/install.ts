import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BerthError } from '@berth/model/error';

/**
 * The native launcher. The bundle sits in the build folder beside `native/`; from source it is in the build folder of
 * the workspace; BERTH_LAUNCHER names another.
 * @throws failed_precondition when it was not built
 */
export function findLauncher(env: NodeJS.ProcessEnv): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const named = env['BERTH_LAUNCHER'];
  const places = [path.join(here, 'native'), path.join(here, '../../../../build/native')];
  const candidates = named === undefined ? places.map((folder) => path.join(folder, 'berth-launcher')) : [named];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new BerthError('failed_precondition', `the launcher is not at ${candidates.join(' or ')}`, {
    code: 'not_built',
    hint: 'build it with: npm run build',
  });
}
