import { spawn } from 'node:child_process';
import { BerthError, errnoName } from '@berth/model/error';
import { asString, member, readJson } from '@berth/model/json-reader';
import type { Credentials } from '../contract.ts';
import { plainText } from '../failure/plain-text.ts';
import { keyOfHost } from './host-key.ts';

const maxAnswer = 1 << 20;
/** Helpers may ask the user or a cloud. */
const patience = 60_000;

/**
 * A program `docker-credential-NAME` (docker's credential helper protocol).
 * Errors: failed_precondition (`no_credential_helper`, `credential_helper_failed`).
 */
export interface CredentialHelper {
  readonly name: string;
  get(host: string): Promise<Credentials | undefined>;
  store(host: string, credentials: Credentials): Promise<void>;
  /** False when it had none. */
  erase(host: string): Promise<boolean>;
}

export function credentialHelper(name: string, env: NodeJS.ProcessEnv): CredentialHelper {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw failed(name, 'the name is none that a program can have');
  const run = (verb: string, input: string): Promise<Ran> => runHelper({ name, verb, input, env });
  return {
    name,
    async get(host) {
      const ran = await run('get', keyOfHost(host));
      if (ran.code === 0) return credentialsOf(name, ran.output);
      if (knowsNothing(ran)) return undefined;
      throw failed(name, complaintIn(ran));
    },
    async store(host, credentials) {
      const ran = await run('store', JSON.stringify({ ServerURL: keyOfHost(host), ...namedSecret(credentials) }));
      if (ran.code !== 0) throw failed(name, complaintIn(ran));
    },
    async erase(host) {
      const ran = await run('erase', keyOfHost(host));
      if (ran.code !== 0 && !knowsNothing(ran)) throw failed(name, complaintIn(ran));
      return ran.code === 0;
    },
  };
}

interface Ran {
  readonly code: number;
  readonly output: Buffer;
}

/** Helpers complain on their standard output: where their answers are too, which have the secret in them. */
function complaintIn({ output }: Ran): string {
  const text = output.toString().trim();
  return text.startsWith('{') ? 'it ended in the middle of its answer' : text;
}

function knowsNothing({ output }: Ran): boolean {
  return /credentials not found/i.test(output.toString());
}

function credentialsOf(name: string, output: Buffer): Credentials {
  try {
    const json = readJson(output, 'its answer', maxAnswer);
    const [username = '', secret = ''] = ['Username', 'Secret'].map((key) => {
      const found = member(json, key);
      return found === undefined ? '' : asString(found);
    });
    return username === '<token>' ? { identityToken: secret } : { username, password: secret };
  } catch {
    // The parser's message would quote the answer, which has the secret in it.
    throw failed(name, 'its answer is not JSON with Username and Secret');
  }
}

function namedSecret(credentials: Credentials): { readonly Username: string; readonly Secret: string } {
  if ('password' in credentials) return { Username: credentials.username, Secret: credentials.password };
  if ('identityToken' in credentials) return { Username: '<token>', Secret: credentials.identityToken };
  throw new BerthError('invalid_argument', 'a registry token cannot be kept by a credential helper');
}

interface Call {
  readonly name: string;
  readonly verb: string;
  readonly input: string;
  readonly env: NodeJS.ProcessEnv;
}

async function runHelper({ name, verb, input, env }: Call): Promise<Ran> {
  const child = spawn(`docker-credential-${name}`, [verb], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: patience,
    killSignal: 'SIGKILL',
  });
  const parts: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (part: Buffer) => {
    size += part.length;
    if (size > maxAnswer) child.kill('SIGKILL');
    else parts.push(part);
  });
  // One that does not read its input closes it early.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(errnoName(cause) === 'ENOENT' ? missing(name) : cause));
    child.once('close', (code) => resolve({ code: code ?? -1, output: Buffer.concat(parts) }));
  });
}

function missing(name: string): BerthError {
  return new BerthError('failed_precondition', `there is no program docker-credential-${name} in the search path`, {
    code: 'no_credential_helper',
    hint: `install it, or take '${name}' out of credsStore and credHelpers of docker's config.json`,
  });
}

function failed(name: string, text: string): BerthError {
  return new BerthError('failed_precondition', `credential helper ${plainText(name)} failed: ${plainText(text)}`, {
    code: 'credential_helper_failed',
  });
}
