import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { type BerthClient, connectBerth } from '@berth/sdk/client';
import type { ContainerDetail } from '@berth/wire/native/api';
import { archive, ociLayout } from '../harness/archives.ts';
import type { CommandOptions, Ran } from '../harness/command.ts';
import { Engine } from '../harness/engine.ts';
import { type ImageOptions, testImage } from '../harness/images.ts';
import { assertNothingLeft, type Belongings, belongings } from '../harness/leaks.ts';
import { eventPatience } from '../harness/patience.ts';
import { Terminal, type TerminalOptions } from '../harness/tty.ts';

/** An engine with a busybox image that all tests of one `describe` share; after each of them nothing may be left. */
export class ContainerEngine {
  #engine: Engine | undefined;
  #clean: Belongings | undefined;
  /** For files of the tests, outside of the engine's own folders. */
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'bte-'));

  get engine(): Engine {
    assert.ok(this.#engine, 'the engine has been started');
    return this.#engine;
  }

  /** The daemon's API, for what the command line does not show. */
  get client(): BerthClient {
    return connectBerth({ socket: this.engine.socket });
  }

  async open(config: string): Promise<void> {
    this.#engine = await Engine.start({ env: { BERTH_CONFIG: this.file('berthd.toml', config) } });
    await this.load('busybox');
    // The first container makes folders that stay.
    await this.expect(['run', '--name', 'first', 'busybox', 'true']);
    // The first reader that waits gives the daemon its one inotify descriptor.
    await this.expect(['logs', '-f', 'first']);
    await this.expect(['rm', 'first']);
    this.#clean = belongings(this.engine);
  }

  async load(name: string, options?: ImageOptions): Promise<void> {
    const file = path.join(this.folder, 'image.tar');
    writeFileSync(file, archive(ociLayout(testImage(options), `${name}:latest`)));
    await this.expect(['load', '-i', file]);
    if (this.#clean !== undefined) this.#clean = belongings(this.engine);
  }

  /** A first container with these flags: what it makes that stays is no leftover of a test. */
  async warm(flags: readonly string[]): Promise<void> {
    await this.expect(['run', '--rm', ...flags, 'busybox', 'true']);
    this.#clean = belongings(this.engine);
  }

  /** Removes every container; what then is there and was not before fails the test. */
  async assertClean(): Promise<void> {
    const ids = (await this.expect(['ps', '-aq'])).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await this.expect(['rm', '-f', ...ids]);
    await assertNothingLeft(this.engine, this.#clean!);
  }

  async close(): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  berth(args: readonly string[], options?: CommandOptions): Promise<Ran> {
    return this.engine.berth(args, options);
  }

  /** Standard output of a command that must succeed, without the last newline. */
  expect(args: readonly string[], options?: CommandOptions): Promise<string> {
    return this.engine.expect(args, options);
  }

  /** `berth run --rm FLAGS busybox sh -c SCRIPT`. */
  sh(script: string, flags: readonly string[] = [], options?: CommandOptions): Promise<Ran> {
    return this.berth(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], options);
  }

  /** What such a script prints; it must end well. */
  async print(script: string, flags: readonly string[] = [], options?: CommandOptions): Promise<string> {
    return await this.expect(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], options);
  }

  /** `berth` in a terminal. */
  terminal(args: readonly string[], options: TerminalOptions = {}): Terminal {
    const { argv, env } = this.engine.command(args);
    return new Terminal(argv, { env, ...options });
  }

  inspect(ref: string): Promise<ContainerDetail> {
    return this.client.containers.inspect(ref);
  }

  /** Waits until the log of a container has this text. */
  async logged(ref: string, text: string): Promise<void> {
    let all = '';
    const signal = AbortSignal.timeout(eventPatience);
    for await (const { bytes } of this.client.containers.logs(ref, { follow: true, signal })) {
      all += Buffer.from(bytes).toString();
      if (all.includes(text)) return;
    }
    throw new Error(`${ref} ended and never wrote '${text}', but ${JSON.stringify(all)}`);
  }

  file(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }
}

/** An engine, with its configuration file's text, for the tests of the `describe` that calls this. */
export function containerEngine(config = ''): ContainerEngine {
  const box = new ContainerEngine();
  before(() => box.open(config));
  afterEach(() => box.assertClean());
  after(() => box.close());
  return box;
}

/** A command that failed as it should: the code, one line that matches, at most a hint after it. */
export function assertFailed({ code, stderr }: Ran, expected: number, message: RegExp): void {
  assert.equal(code, expected, stderr);
  const lines = stderr.trimEnd().split('\n');
  assert.match(lines[0] ?? '', message);
  assert.ok(lines.length === 1 || (lines.length === 2 && /^(hint:|See )/.test(lines[1] ?? '')), `one line: ${stderr}`);
}
