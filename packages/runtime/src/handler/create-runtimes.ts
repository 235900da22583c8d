import type { CgroupLayout } from '../cgroup/layout.ts';
import { ownCapabilities } from '../compile/own-capabilities.ts';
import { hasAppArmor, hasSelinux } from '../launch/security-module.ts';
import { BerthHandler } from './berth/handler.ts';
import { CommandHandler } from './command/handler.ts';
import type { CommandRuntimeOptions } from './command/options.ts';
import { RuntimeRegistry } from './registry.ts';

/** Our own runtime and these commands. None is tried before a container wants it. */
export function createRuntimes(cgroups: CgroupLayout, commands: readonly CommandRuntimeOptions[]): RuntimeRegistry {
  const own = new BerthHandler({
    cgroups,
    capabilities: ownCapabilities(),
    apparmor: hasAppArmor(),
    selinux: hasSelinux(),
  });
  return new RuntimeRegistry([own, ...commands.map((options) => new CommandHandler(options, cgroups))], cgroups);
}
