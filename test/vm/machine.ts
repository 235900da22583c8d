import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Kernel, pack } from './kernel.ts';

export interface Job {
  /** Its first process, a file of this folder. */
  readonly start: string;
  /** A folder of build/test/vm. */
  readonly program: string;
  /** Milliseconds after which the machine is switched off. */
  readonly patience: number;
  readonly onLine: (line: string) => void;
}

/**
 * A machine in software emulation, whose root is this machine's, read only below a layer in memory, until its job ends.
 * @returns the exit code of the program, undefined when it did not come to that
 */
export async function runMachine(kernel: Kernel, job: Job): Promise<number | undefined> {
  const work = mkdtempSync('/tmp/berth-vm-');
  try {
    const child = spawn('qemu-system-x86_64', argumentsOf(kernel, job, withInit(kernel, work)), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('exit', () => resolve());
      child.once('error', reject);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), job.patience);
    let code: number | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const end = /berth-vm: end (\d+)/.exec(line);
      if (end !== null) code = Number(end[1]);
      job.onLine(line.trimEnd());
    }
    await ended;
    clearTimeout(timer);
    return code;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function withInit(kernel: Kernel, work: string): string {
  const folder = path.join(work, 'init');
  mkdirSync(folder);
  copyFileSync(path.join(import.meta.dirname, 'initrd.sh'), path.join(folder, 'init'));
  pack(folder, path.join(work, 'init.gz'));
  const whole = path.join(work, 'initrd');
  writeFileSync(whole, Buffer.concat([readFileSync(kernel.initrd), readFileSync(path.join(work, 'init.gz'))]));
  return whole;
}

function argumentsOf(kernel: Kernel, job: Job, initrd: string): string[] {
  const words = [
    'console=ttyS0 quiet loglevel=2 panic=-1 cgroup_no_v1=all',
    `BERTH_VM_START=${job.start} BERTH_VM_PROGRAM=${job.program}`,
  ];
  const fixed =
    '-accel tcg,thread=multi -cpu max -smp 2 -m 3072 -display none -monitor none -serial stdio -no-reboot -nic none ' +
    '-virtfs local,path=/,mount_tag=host,security_model=passthrough,multidevs=remap,readonly=on';
  return [...fixed.split(' '), '-kernel', kernel.image, '-initrd', initrd, '-append', words.join(' ')];
}
