import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { archive, oldDockerArchive } from '../harness/archives.ts';
import { type Ran, runCommand } from '../harness/command.ts';
import { testImage } from '../harness/images.ts';
import { mountsBelow } from '../harness/sweep.ts';
import { processTable } from '../harness/process-table.ts';
import { findPeer } from '../bench/peer/packages.ts';

/** Debian's podman on folders of its own, with a runtime of ours. */
export class Podman implements AsyncDisposable {
  readonly home = mkdtempSync('/tmp/bpm-');
  readonly program: string;
  readonly runtime: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(program: string, runtime: string) {
    this.program = program;
    this.runtime = runtime;
    // Others than root look into it as a volume.
    chmodSync(this.home, 0o755);
    const config = path.join(this.home, 'containers.conf');
    // Without a file of its own podman reads the machine's, which may ask for systemd or journald.
    const engine = '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n';
    // Its own default is more than root without CAP_SYS_RESOURCE may have.
    const limits = 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n';
    writeFileSync(config, `${engine}[containers]\nlog_driver = "k8s-file"\n${limits}`);
    this.#env = { ...process.env, CONTAINERS_CONF: config, TMPDIR: this.home };
  }

  /** With a busybox image of the name `box`. Undefined when there is no podman. */
  static async open(runtime: string): Promise<Podman | undefined> {
    const program = findPeer('podman');
    if (program === undefined) return undefined;
    const podman = new Podman(program, runtime);
    const file = path.join(podman.home, 'image.tar');
    writeFileSync(file, archive(oldDockerArchive(testImage(), 'localhost/box:latest')));
    await podman.expect(['load', '--input', file]);
    return podman;
  }

  get command(): string[] {
    const { home } = this;
    const folders = [
      '--root',
      path.join(home, 'root'),
      '--runroot',
      path.join(home, 'run'),
      '--tmpdir',
      path.join(home, 'tmp'),
    ];
    return [
      this.program,
      ...folders,
      '--storage-driver',
      'vfs',
      '--cgroup-manager',
      'cgroupfs',
      '--runtime',
      this.runtime,
    ];
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  podman(args: readonly string[], input?: string): Promise<Ran> {
    return runCommand([...this.command, ...args], { env: this.#env, ...(input === undefined ? {} : { input }) });
  }

  run(flags: readonly string[], ...command: string[]): Promise<Ran> {
    return this.podman(['run', '--network', 'none', ...flags, 'box', ...command]);
  }

  /** @throws Error with what podman said */
  async expect(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.podman(args);
    if (code !== 0) throw new Error(`podman ${args.join(' ')}: ${code}: ${stderr}`);
    return stdout.trim();
  }

  /** What it has on this machine: mounts and processes that name its folder. */
  left(): string[] {
    const processes = processTable().filter(({ command, pid }) => command.includes(this.home) && pid !== process.pid);
    const known = readFileSync('/proc/self/mountinfo', 'utf8').includes(this.home) ? mountsBelow(this.home) : [];
    return [...processes.map(({ command }) => `process ${command}`), ...known.map((mount) => `mount ${mount}`)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.podman(['rm', '--all', '--force', '--time', '0']);
    for (const mount of mountsBelow(this.home).toReversed()) await runCommand(['umount', '-l', mount]);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 });
  }
}
