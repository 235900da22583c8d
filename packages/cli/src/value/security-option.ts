import { readFileSync } from 'node:fs';
import { asError, BerthError } from '@berth/model/error';
import type { ContainerCreate } from '@berth/wire/native/api';
import { parseBoolean } from '../flag/spec.ts';

type SecurityWish = Pick<ContainerCreate, 'seccomp' | 'noNewPrivileges'>;

/** Values of `--security-opt`, together. @throws invalid_argument */
export function parseSecurityOptions(texts: readonly string[]): SecurityWish {
  return texts.reduce<SecurityWish>((wish, text) => ({ ...wish, ...parseSecurityOption(text) }), {});
}

function parseSecurityOption(text: string): SecurityWish {
  // Docker's old form has a colon.
  const [, name = '', value] = /^([^=:]+)(?:[=:]([\s\S]*))?$/.exec(text) ?? [];
  if (name === 'no-new-privileges') return { noNewPrivileges: parseBoolean(value ?? 'true') };
  if (name === 'seccomp' && value === 'builtin') return {};
  if (name === 'seccomp' && value === 'unconfined') return { seccomp: 'unconfined' };
  if (name === 'seccomp' && value !== undefined && value !== '') return { seccomp: readProfile(value) };
  if ((name === 'apparmor' || name === 'label' || name === 'systempaths') && value !== undefined) {
    // Confinement that we do not add can be switched off, and not on.
    if (name !== 'systempaths' && (value === 'unconfined' || value === 'disable')) return {};
    throw new BerthError('unimplemented', `--security-opt ${text} is not supported yet`, {
      code: 'flag_not_supported',
    });
  }
  throw new BerthError('invalid_argument', `invalid --security-opt: ${text}`, {
    code: 'bad_flag',
    hint: 'seccomp=unconfined, seccomp=FILE or no-new-privileges',
  });
}

function readProfile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const { message } = asError(cause);
    throw new BerthError('invalid_argument', `cannot read the seccomp profile ${file}: ${message}`, { cause });
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (cause) {
    throw new BerthError('invalid_argument', `the seccomp profile ${file} is not JSON: ${asError(cause).message}`, {
      cause,
    });
  }
}
