import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineEvent } from '@berth/wire/native/api';
import { type Belongings, belongings, difference } from '../harness/leaks.ts';
import { eventPatience } from '../harness/patience.ts';
import { ContainerEngine } from './container-engine.ts';

/** An engine whose daemon is killed and started again; what is left is looked for without regard to process numbers. */
export class RecoveryEngine extends ContainerEngine {
  #before: Belongings | undefined;

  override async open(config = ''): Promise<void> {
    await super.open(config);
    // A daemon that was started on what another left may hold other descriptors than the first one.
    await this.crash();
    // The daemon's one inotify descriptor, which comes with the first reader that waits.
    await this.start('first', 'true');
    await this.expect(['logs', '-f', 'first']);
    await this.expect(['rm', '-f', 'first']);
    this.#before = this.#belongings();
  }

  override async warm(flags: readonly string[]): Promise<void> {
    await super.warm(flags);
    this.#before = this.#belongings();
  }

  /** kill -9 and a new daemon. */
  async crash(): Promise<void> {
    await this.engine.kill9();
    await this.engine.launch();
  }

  override async assertClean(): Promise<void> {
    const ids = (await this.expect(['ps', '-aq'])).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await this.expect(['rm', '-f', ...ids]);
    let left: string[] = [];
    for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(20)) {
      left = difference(this.#before!, this.#belongings());
      if (left.length === 0) return;
    }
    assert.fail(`left behind:\n  ${left.join('\n  ')}`);
  }

  /** Starts a container that runs a shell script, as its name. */
  async start(name: string, script: string, flags: readonly string[] = []): Promise<string> {
    return await this.expect(['run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', script]);
  }

  /** What the shim of a container wrote down so far. */
  journal(id: string): string {
    return readFileSync(path.join(this.engine.run, 'c', id.slice(0, 32), 'journal'), 'utf8');
  }

  /** Waits for an exit in the journal: it needs no daemon. */
  async journalled(id: string, process = 0): Promise<void> {
    await until(() => this.journal(id).includes(`exit ${process} `), `an exit of process ${process} of ${id}`);
  }

  /** The events of this daemon so far. */
  async events(id: string): Promise<EngineEvent[]> {
    const text = await this.expect([
      'events',
      '--since',
      '0',
      '--until',
      String(Date.now() / 1000),
      '--format',
      'json',
    ]);
    const all = text.split('\n').filter((line) => line !== '');
    return all
      .map((line) => JSON.parse(line) as EngineEvent & { Action: string; ID: string })
      .filter((one) => one.ID === id)
      .map((one) => ({ ...one, action: one.Action }));
  }

  /** Processes of the container, in the host's view. */
  async shimOf(id: string): Promise<number> {
    const { state } = await this.inspect(id);
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${state.pid}/status`, 'utf8'))?.[1]);
  }

  /** Makes a file in a container's root without any daemon: the sign that its script waits for. */
  touch(pid: number, file: string): void {
    writeFileSync(`/proc/${pid}/root/${file}`, '');
  }

  #belongings(): Belongings {
    const now = belongings(this.engine);
    return { ...now, process: (now['process'] ?? []).map((line) => line.replace(/^\d+ /, '')) };
  }
}

/** An engine for the tests of the `describe` that calls this. */
export function recoveryEngine(config = ''): RecoveryEngine {
  const box = new RecoveryEngine();
  before(() => box.open(config));
  afterEach(() => box.assertClean());
  after(() => box.close());
  return box;
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + eventPatience; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
  }
}

/** Not ended: one that nobody has reaped yet has. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
