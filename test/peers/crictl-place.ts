import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crictl } from '../harness/crictl.ts';
import type { CriTarget } from '../harness/cri-target.ts';
import { eventPatience } from '../harness/patience.ts';

const metadata = { name: 'pod', namespace: 'crictl', uid: 'uid', attempt: 1 };

/** A server, crictl, and the one pod and container that all steps are about. */
export class CrictlPlace implements AsyncDisposable {
  readonly target: CriTarget;
  readonly crictl: Crictl;
  readonly image: string;
  /** Id of the pod, and of its container; empty before they are made. */
  pod = '';
  box = '';
  readonly #folder = mkdtempSync('/tmp/bcc-');

  private constructor(target: CriTarget, crictl: Crictl, image: string) {
    this.target = target;
    this.crictl = crictl;
    this.image = image;
    mkdirSync(this.logs);
  }

  static async open(target: CriTarget, program: string): Promise<CrictlPlace> {
    return new CrictlPlace(target, new Crictl(program, target.socket), await target.images.reference('box'));
  }

  get logs(): string {
    return path.join(this.#folder, 'logs');
  }

  /** The file of a pod's configuration. */
  podFile(name = 'pod'): string {
    return this.#file(name, {
      metadata: { ...metadata, name },
      hostname: 'here',
      log_directory: this.logs,
      labels: { app: 'x' },
      linux: { cgroup_parent: `${this.target.cgroupParent}/${name}` },
    });
  }

  /** The file of a container's configuration. */
  containerFile(name: string, command: readonly string[], more: object = {}): string {
    const { image } = this;
    const config = { metadata: { name }, image: { image }, log_path: `${name}.log`, command, linux: {} };
    return this.#file(`container-${name}`, { ...config, ...more });
  }

  /** Creates a container of the pod. @returns its id */
  async create(name: string, command: readonly string[], more: object = {}): Promise<string> {
    return await this.crictl.expect('create', this.pod, this.containerFile(name, command, more), this.podFile());
  }

  #file(name: string, content: unknown): string {
    const place = path.join(this.#folder, `${name}.json`);
    writeFileSync(place, JSON.stringify(content));
    return place;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crictl.run(['rmp', '--all', '--force']);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A thing that somebody does with crictl. */
export interface Step {
  readonly name: string;
  /** What containerd 1.6 has not. */
  readonly missingInContainerd?: string;
  readonly run: (place: CrictlPlace) => Promise<void>;
}

/** A crictl that goes on until it is ended. */
export class RunningCrictl implements Disposable {
  /** Both of its streams. */
  output = '';
  readonly #child: ChildProcess;

  constructor([program, ...args]: readonly string[]) {
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (data: Buffer) => (this.output += String(data)));
    this.#child.stdin!.on('error', () => undefined);
  }

  write(words: string): void {
    this.#child.stdin!.write(words);
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** Asks again and again. @throws AssertionError when it does not become true in time */
export async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(200)) if (await isTrue()) return;
  assert.fail(`not so within ${eventPatience} ms: ${String(isTrue)}`);
}
