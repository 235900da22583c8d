import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import { parse } from 'smol-toml';
import { allCapabilities, type Capability } from './endpoint.ts';
import { isLoopback } from './loopback.ts';
import type { TlsSettings } from './tls.ts';

/** A host of a hosts.toml. */
export interface ListedHost {
  /** With scheme and path, no slash at the end. */
  readonly url: string;
  readonly capabilities: readonly Capability[];
  readonly header: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
}

export interface HostsFile {
  /** In the order in which they are asked. */
  readonly mirrors: readonly ListedHost[];
  /** The registry itself, asked last; absent where the file does not name it. */
  readonly server: Omit<ListedHost, 'url'> & { readonly url?: string };
}

type Table = Readonly<Record<string, unknown>>;

/**
 * Reads a hosts.toml (containerd docs, hosts.md): `server`, `[host."URL"]`, and for each `capabilities`, `ca`, `client`,
 * `skip_verify`, `header`, `override_path`. Files that it names are relative to its folder.
 * @returns undefined when there is no such file
 * @throws invalid_argument (`bad_hosts_file`)
 */
export async function readHostsFile(file: string): Promise<HostsFile | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoName(error) ?? '')) return undefined;
    throw bad(file, 'cannot be read', error);
  }
  const reader = new HostsReader(file);
  const root = reader.parse(text);
  const hosts = Object.entries(reader.table(root, 'host') ?? {});
  const server = reader.text(root, 'server');
  const mirrors: ListedHost[] = [];
  for (const [name, table] of hosts) {
    const entry = reader.asTable(table, `host."${name}"`);
    mirrors.push({ url: reader.url(name, entry), ...(await reader.settings(entry)) });
  }
  const settings = await reader.settings(root);
  return { mirrors, server: { ...settings, ...(server === undefined ? {} : { url: reader.url(server, root) }) } };
}

/** Reads members and complains with the file's name. */
class HostsReader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  parse(text: string): Table {
    try {
      return parse(text);
    } catch (cause) {
      throw bad(this.#file, `is not TOML: ${cause instanceof Error ? cause.message.split('\n')[0] : ''}`, cause);
    }
  }

  async settings(table: Table): Promise<Omit<ListedHost, 'url'>> {
    return {
      capabilities: this.#capabilities(table),
      header: this.#header(table),
      tls: {
        ca: await Promise.all(this.#strings(table, 'ca').map((name) => this.#pem(name))),
        client: await this.#client(table),
        skipVerify: table['skip_verify'] === true,
      },
    };
  }

  text(table: Table, key: string): string | undefined {
    const value = table[key];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw bad(this.#file, `has a '${key}' that is not a string`);
    return value;
  }

  table(table: Table, key: string): Table | undefined {
    return table[key] === undefined ? undefined : this.asTable(table[key], key);
  }

  asTable(value: unknown, key: string): Table {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw bad(this.#file, `has a '${key}' that is not a table`);
    return value as Table;
  }

  /** The API's root: `/v2` is added unless the path is there already or overridden. */
  url(text: string, table: Table): string {
    const withScheme = /^https?:\/\//.test(text)
      ? text
      : `${isLoopback(text.split('/')[0]!) ? 'http' : 'https'}://${text}`;
    if (!URL.canParse(withScheme)) throw bad(this.#file, `names '${text}', which is no URL`);
    const { origin, pathname, username, password } = new URL(withScheme);
    if (username !== '' || password !== '')
      throw bad(this.#file, 'has credentials in a URL; berth login keeps them better');
    const root = pathname.replace(/\/+$/, '');
    return `${origin}${table['override_path'] === true || root.endsWith('/v2') ? root : `${root}/v2`}`;
  }

  #capabilities(table: Table): readonly Capability[] {
    const named = this.#strings(table, 'capabilities');
    if (named.length === 0) return allCapabilities;
    const known = allCapabilities.filter((capability) => named.includes(capability));
    const unknown = named.find((name) => !(allCapabilities as readonly string[]).includes(name));
    if (unknown !== undefined) throw bad(this.#file, `has the unknown capability '${unknown}'`);
    // A file from before there were referrers: who may be asked for manifests may be asked for them.
    return named.includes('resolve') && !named.includes('referrers') ? [...known, 'referrers'] : known;
  }

  #header(table: Table): Readonly<Record<string, string>> {
    const entries = Object.keys(this.table(table, 'header') ?? {}).map((name) => {
      const values = this.#strings(this.table(table, 'header')!, name);
      if (!/^[A-Za-z0-9-]+$/.test(name) || values.some((value) => /[\r\n\0]/.test(value)))
        throw bad(this.#file, `has the header '${name}', which cannot be sent`);
      return [name.toLowerCase(), values.join(', ')] as const;
    });
    return Object.fromEntries(entries);
  }

  /** `client = "both.pem"`, `["a.pem", "b.pem"]` or `[["a.crt", "a.key"], ...]`. */
  async #client(table: Table): Promise<TlsSettings['client']> {
    const value = table['client'];
    const pairs = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return await Promise.all(
      pairs.map(async (pair: unknown) => {
        const [certificate, key = ''] = Array.isArray(pair) ? (pair as unknown[]) : [pair];
        if (typeof certificate !== 'string' || typeof key !== 'string')
          throw bad(this.#file, `has a 'client' that is neither a file nor a pair of files`);
        return { certificate: await this.#pem(certificate), key: await this.#pem(key === '' ? certificate : key) };
      }),
    );
  }

  #strings(table: Table, key: string): readonly string[] {
    const value = table[key];
    const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
    if (!list.every((item) => typeof item === 'string'))
      throw bad(this.#file, `has a '${key}' that is neither a string nor a list of strings`);
    return list;
  }

  async #pem(name: string): Promise<string> {
    const file = path.resolve(path.dirname(this.#file), name);
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      throw bad(this.#file, `names ${file}, which cannot be read`, cause);
    }
  }
}

function bad(file: string, problem: string, cause?: unknown): BerthError {
  return new BerthError('invalid_argument', `${file} ${problem}`, { code: 'bad_hosts_file', cause });
}
