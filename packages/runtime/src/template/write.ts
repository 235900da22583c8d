import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import { configName } from '../bundle/bundle.ts';
import { templateText } from './template.ts';
import type { TemplateFacts } from './template.ts';

/**
 * Writes the template as config.json into a folder. Throws `already_exists` when there is one, `not_found` when there
 * is no such folder.
 */
export function writeTemplate(folder: string, facts: TemplateFacts): void {
  const path = join(folder, configName);
  try {
    writeFileSync(path, templateText(facts), { flag: 'wx' });
  } catch (cause) {
    const errno = errnoName(cause);
    if (errno === 'EEXIST') {
      throw new BerthError('already_exists', `file ${path} exists`, { cause, hint: 'remove it first' });
    }
    if (errno === 'ENOENT') throw new BerthError('not_found', `folder ${folder} does not exist`, { cause });
    throw new BerthError('failed_precondition', `${path} cannot be written: ${errno}`, { cause });
  }
}
