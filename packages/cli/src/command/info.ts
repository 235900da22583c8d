import type { Info } from '@berth/wire/native/api';
import { defineCommand } from '../command.ts';
import { textFlag } from '../flag/spec.ts';
import { binarySize } from '../print/human-size.ts';
import { print, printError } from '../print/output.ts';

export const command = defineCommand({
  usage: 'info [OPTIONS]',
  flags: { format: textFlag("'json' or a Go template", { short: 'f' }) },
  arguments: { least: 0, most: 0 },
  async run({ flags: { format }, client }) {
    const info = await client.info();
    const fields = infoFields(info);
    if (format === undefined) {
      print(`${plain(fields).join('\n')}\n`);
      for (const warning of info.warnings) printError(`WARNING: ${warning}\n`);
    } else if (format === 'json') {
      print(`${JSON.stringify(fields)}\n`);
    } else {
      const { compileTemplate, unescapeFormat } = await import('../print/template.ts');
      print(`${compileTemplate(unescapeFormat(format)).render(fields)}\n`);
    }
  },
});

/** The names of docker's `info`, where it has them. */
function infoFields(info: Info): Readonly<Record<string, unknown>> {
  const { running, paused, stopped } = info.containers;
  return {
    Containers: running + paused + stopped,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: stopped,
    Images: info.images,
    ServerVersion: info.version,
    Driver: info.snapshotter,
    Runtimes: Object.fromEntries(info.runtimes.map((name) => [name, {}])),
    DefaultRuntime: info.runtimes[0] ?? '',
    CgroupDriver: info.cgroup.driver,
    CgroupVersion: String(info.cgroup.version),
    KernelVersion: info.kernel,
    Architecture: info.architecture,
    NCPU: info.cpus,
    MemTotal: info.memory,
    DockerRootDir: info.root,
    Run: info.run,
    Pid: info.pid,
    Warnings: info.warnings,
  };
}

function plain(fields: Readonly<Record<string, unknown>>): string[] {
  const shown = (key: string) => String(fields[key]);
  return [
    `Containers: ${shown('Containers')}`,
    ` Running: ${shown('ContainersRunning')}`,
    ` Paused: ${shown('ContainersPaused')}`,
    ` Stopped: ${shown('ContainersStopped')}`,
    `Images: ${shown('Images')}`,
    `Server Version: ${shown('ServerVersion')}`,
    `Storage Driver: ${shown('Driver')}`,
    `Runtimes: ${Object.keys(fields['Runtimes'] as object).join(' ')}`,
    `Default Runtime: ${shown('DefaultRuntime')}`,
    `Cgroup Driver: ${shown('CgroupDriver')}`,
    `Cgroup Version: ${shown('CgroupVersion')}`,
    `Kernel Version: ${shown('KernelVersion')}`,
    `Architecture: ${shown('Architecture')}`,
    `CPUs: ${shown('NCPU')}`,
    `Total Memory: ${binarySize(Number(fields['MemTotal']))}`,
    `Root Dir: ${shown('DockerRootDir')}`,
    `Run Dir: ${shown('Run')}`,
    `Daemon PID: ${shown('Pid')}`,
  ];
}
