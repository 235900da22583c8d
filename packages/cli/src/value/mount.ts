import path from 'node:path';
import { BerthError } from '@berth/model/error';
import type { BindMount } from '@berth/wire/native/api';
import { parseBoolean } from '../flag/spec.ts';
import { parseByteSize } from './byte-size.ts';
import { checkPropagation, checkTarget, namedVolume } from './volume.ts';

/** What `--mount` and `--tmpfs` can ask for. */
export type MountWish = { readonly bind: BindMount } | { readonly tmpfs: TmpfsMount };

export interface TmpfsMount {
  readonly target: string;
  readonly options: readonly string[];
}

/** `--tmpfs /run:rw,size=64m` @throws invalid_argument */
export function parseTmpfs(text: string): TmpfsMount {
  const [target = '', ...rest] = text.split(':');
  checkTarget(target);
  return {
    target,
    options: rest
      .join(':')
      .split(',')
      .filter((option) => option !== ''),
  };
}

/**
 * `--mount type=bind,source=/host,target=/in,readonly`, `--mount type=tmpfs,target=/run,tmpfs-size=64m`.
 * @throws invalid_argument, unimplemented (`named_volume`)
 */
export function parseMount(text: string): MountWish {
  const fields = readFields(text);
  const type = fields.get('type') ?? 'volume';
  const target = fields.get('target');
  if (target === undefined) throw new BerthError('invalid_argument', 'target is required');
  checkTarget(target);
  if (type === 'volume') throw namedVolume('a mount of the type volume');
  if (type === 'bind') return { bind: bindMount(fields, target) };
  if (type === 'tmpfs') return { tmpfs: tmpfsMount(fields, target) };
  throw new BerthError('invalid_argument', `unknown mount type '${type}'`, { hint: 'bind or tmpfs' });
}

const aliases: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};
const known = ['type', 'source', 'target', 'readonly', 'bind-propagation', 'tmpfs-size', 'tmpfs-mode', 'consistency'];

function readFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of splitCsv(text)) {
    const [name = '', ...value] = field.split('=');
    const key = aliases[name.toLowerCase()] ?? name.toLowerCase();
    if (!known.includes(key)) throw new BerthError('invalid_argument', `unexpected key '${name}' in '${field}'`);
    if (value.length === 0 && key !== 'readonly') {
      throw new BerthError('invalid_argument', `invalid field '${field}' must be a key=value pair`);
    }
    fields.set(key, value.length === 0 ? 'true' : value.join('='));
  }
  return fields;
}

/** Commas part fields; a field in double quotes may hold one. */
function splitCsv(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}

function bindMount(fields: ReadonlyMap<string, string>, target: string): BindMount {
  refuse(fields, { prefix: 'tmpfs-', type: 'bind' });
  const source = fields.get('source');
  if (source === undefined) throw new BerthError('invalid_argument', 'source is required for a bind mount');
  if (!path.isAbsolute(source)) {
    throw new BerthError('invalid_argument', `the source '${source}' of a bind mount must be an absolute path`);
  }
  const propagation = fields.get('bind-propagation');
  return {
    source,
    target,
    ...(parseBoolean(fields.get('readonly') ?? 'false') ? { readonly: true } : {}),
    ...(propagation === undefined ? {} : { propagation: checkPropagation(propagation) }),
  };
}

function tmpfsMount(fields: ReadonlyMap<string, string>, target: string): TmpfsMount {
  refuse(fields, { prefix: 'bind-', type: 'tmpfs' });
  if (fields.has('source')) throw new BerthError('invalid_argument', 'a mount of the type tmpfs has no source');
  const options: string[] = parseBoolean(fields.get('readonly') ?? 'false') ? ['ro'] : [];
  const size = fields.get('tmpfs-size');
  const mode = fields.get('tmpfs-mode');
  if (size !== undefined) options.push(`size=${parseByteSize(size)}`);
  if (mode !== undefined) options.push(`mode=${checkMode(mode)}`);
  return { target, options };
}

function checkMode(mode: string): string {
  if (/^[0-7]{1,5}$/.test(mode)) return mode;
  throw new BerthError('invalid_argument', `'${mode}' is not an octal file mode`);
}

function refuse(fields: ReadonlyMap<string, string>, { prefix, type }: { prefix: string; type: string }): void {
  const found = [...fields.keys()].find((key) => key.startsWith(prefix));
  if (found !== undefined)
    throw new BerthError('invalid_argument', `${found} has no meaning for a mount of the type ${type}`);
}
