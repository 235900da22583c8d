import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificate } from './certificate.ts';
import { eventPatience } from './patience.ts';
import { TokenServer, type TokenServerOptions } from './token-server.ts';

const program = '/usr/bin/docker-registry';

/** Why tests with a real registry cannot run here; false when they can. */
export const whyNoRegistry: string | false = existsSync(program) ? false : `needs docker-registry as ${program}`;

export interface RegistrySettings {
  /** With a certificate of an authority of its own: `ca` is its file. */
  readonly tls?: boolean;
  /** Clients need a certificate of the same authority: `client` is one. */
  readonly clientCertificates?: boolean;
  readonly htpasswd?: { readonly username: string; readonly password: string };
  /** With a token server of its own: `tokens` is it. */
  readonly token?: TokenServerOptions;
  readonly readonly?: boolean;
  /** Manifests may be deleted. */
  readonly delete?: boolean;
  /** Where its blobs are: two registries may have the same. */
  readonly root?: string;
}

/** Debian's docker-registry on a port of its own. */
export class Registry implements AsyncDisposable {
  /** `localhost:PORT`, as references have it. */
  readonly host: string;
  /** With scheme, without a slash at the end. */
  readonly url: string;
  /** Where its blobs are. */
  readonly root: string;
  /** File with the certificate of its authority; with `tls`. */
  readonly ca: string | undefined;
  /** Files of a certificate that it takes, and its key; with `tls`. */
  readonly client: readonly [string, string] | undefined;
  readonly tokens: TokenServer | undefined;
  readonly #home: string;
  #child: ChildProcess | undefined;

  private constructor(home: string, parts: Pick<Registry, 'host' | 'url' | 'root' | 'ca' | 'client' | 'tokens'>) {
    this.#home = home;
    this.host = parts.host;
    this.url = parts.url;
    this.root = parts.root;
    this.ca = parts.ca;
    this.client = parts.client;
    this.tokens = parts.tokens;
  }

  /** Starts it and waits until it answers. */
  static async start(settings: RegistrySettings = {}): Promise<Registry> {
    const home = mkdtempSync('/tmp/bt-registry-');
    const tls = settings.tls === true ? makeCertificate(home) : undefined;
    const tokens = settings.token === undefined ? undefined : await TokenServer.start(home, settings.token);
    const host = `localhost:${await freePort()}`;
    const root = settings.root ?? path.join(home, 'data');
    mkdirSync(root, { recursive: true });
    const clients = settings.clientCertificates === true ? { clientcas: [tls?.ca] } : {};
    const http = {
      addr: host.replace('localhost', '127.0.0.1'),
      secret: 'of a test',
      ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key, ...clients } }),
    };
    const auth = {
      ...(settings.htpasswd === undefined ? {} : { htpasswd: passwords(home, settings.htpasswd) }),
      ...(tokens === undefined ? {} : { token: tokens.settings }),
    };
    const storage = {
      filesystem: { rootdirectory: root },
      delete: { enabled: settings.delete === true },
      maintenance: { readonly: { enabled: settings.readonly === true }, uploadpurging: { enabled: false } },
    };
    // Every JSON document is a YAML document.
    const config = {
      version: 0.1,
      log: { level: 'info' },
      // Layers that are fetched from elsewhere: without this no such image is taken.
      validation: { manifests: { urls: { allow: ['.*'] } } },
      storage,
      http,
      ...(tokens || settings.htpasswd ? { auth } : {}),
    };
    writeFileSync(path.join(home, 'config.yml'), JSON.stringify(config));
    const url = `${tls === undefined ? 'http' : 'https'}://${host}`;
    const registry = new Registry(home, {
      host,
      url,
      root,
      ca: tls?.ca,
      client: tls && [tls.certificate, tls.key],
      tokens,
    });
    await registry.launch();
    return registry;
  }

  /** All that it wrote: a line for each request among them. */
  get log(): string {
    return readFileSync(path.join(this.#home, 'log'), 'utf8');
  }

  /** Starts it on its port again, after a `kill`. */
  async launch(): Promise<void> {
    const log = openSync(path.join(this.#home, 'log'), 'a');
    const child = spawn(program, ['serve', path.join(this.#home, 'config.yml')], {
      env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    const before = this.log.split('listening on').length;
    for (
      const deadline = Date.now() + eventPatience;
      this.log.split('listening on').length === before;
      await sleep(10)
    ) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`docker-registry does not serve:\n${this.log}`);
    }
  }

  /** As a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.tokens?.[Symbol.asyncDispose]();
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** docker-registry takes only bcrypt. */
function passwords(home: string, { username, password }: { readonly username: string; readonly password: string }) {
  const file = path.join(home, 'htpasswd');
  const { status, stdout, stderr } = spawnSync('htpasswd', ['-Bbn', '-C', '5', username, password], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`htpasswd (Debian: apache2-utils) failed: ${stderr}`);
  writeFileSync(file, stdout);
  return { realm: 'a test', path: file };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}
