/** What the lifecycle suite of runtime handlers runs on: a launcher, a busybox root, folders and cgroups of its own. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { backgroundContext } from '@berth/model/context';
import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
import { detectCgroups } from '@berth/runtime/cgroup/detect';
import { ownCapabilities } from '@berth/runtime/compile/own-capabilities';
import { BerthHandler } from '@berth/runtime/handler/berth/handler';
import { CommandHandler } from '@berth/runtime/handler/command/handler';
import type { RuntimeHandler } from '@berth/runtime/handler/contract';
import type { SuiteRuntime } from '@berth/runtime/handler/suite-place';
import { Launcher } from '@berth/runtime/shim/launcher';
import { cgroupFoldersOf } from '../harness/cgroup-folders.ts';

const project = path.join(import.meta.dirname, '../..');
const launcherProgram = path.join(project, 'build/native/berth-launcher');
const applets = 'sh cat echo id ls readlink sleep true test tty stty grep pwd hostname wc'.split(' ');

/** Why no container can be run here; undefined when they can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(launcherProgram)) return `${launcherProgram} is not built`;
  return existsSync('/bin/busybox') ? undefined : 'needs a static busybox';
}

/** Why this program cannot be a runtime here; undefined when it can. */
export async function whyNotCommand(name: string, binary: string): Promise<string | undefined> {
  const reason = whyNot();
  if (reason !== undefined) return reason;
  const cgroupParent = `/berth-check-${process.pid}`;
  const cgroups = detectCgroups();
  try {
    await new CommandHandler({ name, binary, root: '/nonexistent', cgroupParent }, cgroups).check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await new ContainerCgroup(cgroups, cgroupParent).remove();
    removeLeft(cgroupParent);
  }
}

/** Runtimes make it in the unified hierarchy of a hybrid machine too. */
function removeLeft(cgroupParent: string): void {
  for (const folder of cgroupFoldersOf({ cgroupParent }).toReversed()) rmdirSync(folder);
}

export function berthRuntime(): Promise<SuiteRuntime> {
  return openRuntime(({ cgroups }) => {
    const capabilities = ownCapabilities();
    return new BerthHandler({ cgroups, capabilities, apparmor: false, selinux: false });
  });
}

export function commandRuntime(name: string, binary: string): Promise<SuiteRuntime> {
  return openRuntime(({ cgroups, folder, cgroupParent }) => {
    const root = path.join(folder, 'state');
    return new CommandHandler({ name, binary, root, cgroupParent }, cgroups);
  });
}

type Parts = Omit<SuiteRuntime, 'handler' | keyof AsyncDisposable>;

async function openRuntime(handler: (parts: Parts) => RuntimeHandler): Promise<SuiteRuntime> {
  const folder = mkdtempSync('/tmp/bh-');
  const rootfs = path.join(folder, 'rootfs');
  makeRoot(rootfs);
  const launcher = await Launcher.start({ binary: launcherProgram, socket: path.join(folder, 'launcher') });
  const cgroupParent = `/${path.basename(folder)}`;
  const cgroups = detectCgroups(cgroupParent);
  const parts = { folder, rootfs, launcher, cgroupParent, cgroups, context: backgroundContext() };
  return {
    ...parts,
    handler: () => handler(parts),
    [Symbol.asyncDispose]: async () => {
      await launcher.close();
      const all = new ContainerCgroup(cgroups, cgroupParent);
      await all.killAll();
      await all.remove();
      removeLeft(cgroupParent);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeRoot(root: string): void {
  for (const folder of ['bin', 'etc', 'tmp']) mkdirSync(path.join(root, folder), { recursive: true });
  copyFileSync('/bin/busybox', path.join(root, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', path.join(root, 'bin', name));
  writeFileSync(path.join(root, 'etc/notes'), 'no program', { mode: 0o644 });
}
