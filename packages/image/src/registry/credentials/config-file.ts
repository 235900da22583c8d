import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import { asMap, asString, type JsonValue, member, readJson } from '@berth/model/json-reader';
import type { Credentials } from '../contract.ts';
import { hostOfKey, keyOfHost } from './host-key.ts';

const maxSize = 4 << 20;

/** docker's config.json or containers' auth.json: they have the same shape. */
export interface ConfigFile {
  readonly path: string;
  /** By host; entries without a secret are left out: a helper has those. */
  readonly auths: ReadonlyMap<string, Credentials>;
  /** Names of helpers by host. */
  readonly helpers: ReadonlyMap<string, string>;
  /** Helper for all other hosts. */
  readonly store: string | undefined;
}

/** Undefined when there is no such file. @throws invalid_argument (`bad_json`), permission_denied */
export async function readConfigFile(file: string): Promise<ConfigFile | undefined> {
  const json = await readDocument(file);
  if (json === undefined) return undefined;
  const auths = new Map<string, Credentials>();
  for (const [key, entry] of mapOf(json, 'auths')) {
    const credentials = credentialsOf(entry);
    // A key with a path is of one repository (containers' auth.json): no credentials of the whole host.
    if (credentials !== undefined && (/^https?:/.test(key) || !key.includes('/')))
      auths.set(hostOfKey(key), credentials);
  }
  const helpers = new Map([...mapOf(json, 'credHelpers')].map(([key, name]) => [hostOfKey(key), asString(name)]));
  const store = member(json, 'credsStore');
  return { path: file, auths, helpers, store: store === undefined ? undefined : asString(store) || undefined };
}

/**
 * Sets or removes what `auths` has of a host; the rest of the file stays as it is.
 * @returns whether there was anything
 */
export async function writeAuth(file: string, host: string, credentials: Credentials | undefined): Promise<boolean> {
  const document = { ...((await readDocument(file))?.value as Record<string, unknown> | undefined) };
  const auths = Object.entries((document['auths'] ?? {}) as Record<string, unknown>);
  const others = auths.filter(([key]) => hostOfKey(key) !== hostOfKey(host));
  const had = others.length < auths.length;
  if (credentials === undefined && !had) return false;
  const own = credentials === undefined ? [] : [[keyOfHost(host), entryOf(credentials)] as const];
  document['auths'] = Object.fromEntries([...others, ...own]);
  await replaceFile(file, `${JSON.stringify(document, undefined, '\t')}\n`);
  return had;
}

async function readDocument(file: string): Promise<JsonValue | undefined> {
  try {
    return readJson(await readFile(file), file, maxSize);
  } catch (cause) {
    const name = errnoName(cause);
    if (name === 'ENOENT' || name === 'ENOTDIR') return undefined;
    if (cause instanceof BerthError && cause.code === 'bad_json') throw unreadable(file);
    if (name !== 'EACCES') throw cause;
    throw new BerthError('permission_denied', `${file}, where credentials are, cannot be read`, { cause });
  }
}

/** Without the parser's message, which quotes the document. */
function unreadable(file: string): BerthError {
  return new BerthError('invalid_argument', `${file} is not the JSON of credentials that it should be`, {
    code: 'bad_json',
    hint: 'correct or remove the file, then log in again',
  });
}

function mapOf(json: JsonValue, key: string): ReadonlyMap<string, JsonValue> {
  const found = member(json, key);
  return found === undefined ? new Map() : asMap(found);
}

function credentialsOf(entry: JsonValue): Credentials | undefined {
  const text = (key: string): string => {
    const found = member(entry, key);
    return found === undefined ? '' : asString(found);
  };
  const [, user, secret] = /^([^:]*):([^]*)$/.exec(Buffer.from(text('auth'), 'base64').toString()) ?? [];
  const username = user ?? text('username');
  // docker pads with zero bytes.
  const password = (secret ?? text('password')).replace(/\0+$/, '');
  if (text('identitytoken') !== '') return identity(text('identitytoken'), username);
  if (text('registrytoken') !== '') return { registryToken: text('registrytoken') };
  return username === '' && password === '' ? undefined : { username, password };
}

function identity(identityToken: string, username: string): Credentials {
  return { identityToken, ...(username === '' ? {} : { username }) };
}

function entryOf(credentials: Credentials): Readonly<Record<string, string>> {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  if ('registryToken' in credentials) return { registrytoken: credentials.registryToken };
  if ('password' in credentials) return { auth: encode(`${credentials.username}:${credentials.password}`) };
  return { auth: encode(`${credentials.username ?? ''}:`), identitytoken: credentials.identityToken };
}

/** Readable by its owner only, whole or not at all. A symbolic link stays one. */
async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const target = await realpath(file).catch(() => file);
  const fresh = `${target}.${randomUUID()}`;
  try {
    await using handle = await open(fresh, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.sync();
    await rename(fresh, target);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
