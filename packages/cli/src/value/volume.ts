import path from 'node:path';
import { BerthError } from '@berth/model/error';
import type { BindMount } from '@berth/wire/native/api';

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** Hints for file sharing on other systems and SELinux labels: without meaning here. */
const meaningless = ['rw', 'z', 'Z', 'consistent', 'cached', 'delegated', 'rbind'];

/**
 * `-v SOURCE:TARGET[:OPTIONS]`. A missing source folder will be made, as docker does.
 * @throws invalid_argument, unimplemented (`named_volume`)
 */
export function parseVolume(text: string, folder = process.cwd()): BindMount {
  const [source = '', target, options = '', ...more] = text.split(':');
  if (target === undefined) throw namedVolume(`a volume without a source ('${text}')`);
  if (more.length > 0 || source === '' || target === '') {
    throw new BerthError('invalid_argument', `invalid volume: ${text}`, {
      hint: 'write /host/path:/container/path[:ro]',
    });
  }
  if (!source.startsWith('/') && !source.startsWith('.')) throw namedVolume(`the named volume '${source}'`);
  checkTarget(target);
  return { source: path.resolve(folder, source), target, ...volumeOptions(text, options), createSource: true };
}

function volumeOptions(text: string, options: string): Pick<BindMount, 'readonly' | 'propagation'> {
  let found: Pick<BindMount, 'readonly' | 'propagation'> = {};
  for (const option of options.split(',')) {
    if (option === 'ro') found = { ...found, readonly: true };
    else if (propagations.includes(option)) found = { ...found, propagation: option };
    else if (option !== '' && !meaningless.includes(option)) {
      throw new BerthError('invalid_argument', `unknown option '${option}' of the volume ${text}`);
    }
  }
  return found;
}

export function checkTarget(target: string): void {
  if (!target.startsWith('/')) {
    throw new BerthError('invalid_argument', `invalid mount path '${target}': it must be absolute`);
  }
  if (path.normalize(target) === '/') {
    throw new BerthError('invalid_argument', "invalid mount path '/': nothing can be mounted over the root");
  }
}

export function checkPropagation(value: string): string {
  if (propagations.includes(value)) return value;
  throw new BerthError('invalid_argument', `unknown propagation '${value}'`, { hint: propagations.join(', ') });
}

export function namedVolume(what: string): BerthError {
  return new BerthError('unimplemented', `${what} cannot be used: only absolute host paths are supported so far`, {
    code: 'named_volume',
    hint: 'write -v /host/path:/container/path',
  });
}
