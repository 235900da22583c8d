import assert from 'node:assert/strict';
import path from 'node:path';
import { ContainerState, type ContainerStatus } from '@berth/wire/gen/cri/v1/api_pb';
import type { ContainerConfig } from './config.ts';
import { logFile, type LogLine } from './log-file.ts';
import type { Pod } from './pod.ts';
import { until } from './until.ts';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container of a pod. */
export class Container {
  readonly pod: Pod;
  readonly id: string;
  readonly config: ContainerConfig;

  constructor(pod: Pod, id: string, config: ContainerConfig) {
    this.pod = pod;
    this.id = id;
    this.config = config;
  }

  async status(): Promise<ContainerStatus> {
    const { status } = await this.pod.kubelet.runtime.containerStatus({ containerId: this.id });
    assert.ok(status !== undefined, 'the answer has no status');
    return status;
  }

  async start(): Promise<void> {
    await this.pod.kubelet.runtime.startContainer({ containerId: this.id });
  }

  /** Its first process in the host's view, which a verbose status tells. */
  async pid(): Promise<number> {
    const { info } = await this.pod.kubelet.runtime.containerStatus({ containerId: this.id, verbose: true });
    const { pid } = JSON.parse(info['info'] ?? '{}') as { readonly pid?: number };
    assert.ok(pid !== undefined && pid > 1, 'a verbose status has the pid');
    return pid;
  }

  /** @param timeout seconds */
  async stop(timeout = 0n): Promise<void> {
    await this.pod.kubelet.runtime.stopContainer({ containerId: this.id, timeout });
  }

  async remove(): Promise<void> {
    await this.pod.kubelet.runtime.removeContainer({ containerId: this.id });
  }

  /** Waits for its end. @returns its status then */
  async ended(): Promise<ContainerStatus> {
    let status = await this.status();
    await until(
      async () => (status = await this.status()).state === ContainerState.CONTAINER_EXITED,
      () => `the container has ended: state ${status.state}`,
    );
    return status;
  }

  /** Runs a command by ExecSync. */
  async exec(cmd: readonly string[], timeout = 0n): Promise<Said> {
    const request = { containerId: this.id, cmd: [...cmd], timeout };
    const { stdout, stderr, exitCode } = await this.pod.kubelet.runtime.execSync(request);
    return { code: exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
  }

  /** Runs a shell script by ExecSync, which must succeed. @returns its standard output without the last newline */
  async shell(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(['sh', '-c', script]);
    assert.equal(code, 0, `${script}: ${stderr}${stdout}`);
    return stdout.trimEnd();
  }

  get logPath(): string {
    return path.join(this.pod.config.logDirectory ?? '', this.config.logPath ?? '');
  }

  log(): LogLine[] {
    return logFile(this.logPath);
  }

  /** What it wrote to a stream, as its log has it. */
  text(stream: LogLine['stream'] = 'stdout'): string {
    const lines = this.log().filter((line) => line.stream === stream);
    return lines.map(({ text, isWhole }) => (isWhole ? `${text}\n` : text)).join('');
  }

  /** Waits until its standard output has this text. */
  async says(text: string): Promise<void> {
    await until(
      () => this.text().includes(text),
      () => `the container says '${text}': ${this.text()}`,
    );
  }
}
