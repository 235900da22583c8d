import { hostname as machineName } from 'node:os';
import path from 'node:path';
import type { ImageRunConfig } from '@berth/model/image-config';
import type { PodConfig, PodContainerConfig } from '@berth/model/pod-config';
import { defaultPath } from '@berth/runtime/compile/program';
import { badField } from './field-error.ts';
import { isHostNetwork } from './namespaces.ts';

/**
 * The program and its arguments. `command` takes the place of the image's entrypoint, and of its command too: that one's
 * words were meant for the other program.
 * @throws invalid_argument when nobody names a program
 */
export function programArguments({ command, args, image }: PodContainerConfig, own: ImageRunConfig = {}): string[] {
  // An entrypoint of one empty word is how images take back that of their base.
  const inherited = own.Entrypoint?.join('') ? own.Entrypoint : [];
  const entrypoint = command.length > 0 ? command : inherited;
  const following = args.length > 0 || command.length > 0 ? args : (own.Cmd ?? []);
  const words = [...entrypoint, ...following];
  if (words[0]) return words;
  throw badField(
    'command',
    `no command specified, and image ${image.userSpecified || image.image} has none`,
    'name the program in the container',
  );
}

/** PATH, the host name and the terminal's kind, then the image's variables, then the container's own. */
export function environment(pod: PodConfig, config: PodContainerConfig, own: ImageRunConfig = {}): string[] {
  const name = pod.hostname || (isHostNetwork(pod) ? machineName() : '');
  const values = new Map([['PATH', defaultPath]]);
  if (config.tty) values.set('TERM', 'xterm');
  if (name !== '') values.set('HOSTNAME', name);
  for (const entry of own.Env ?? []) {
    const at = entry.indexOf('=');
    if (at > 0) values.set(entry.slice(0, at), entry.slice(at + 1));
  }
  for (const [index, { key, value }] of config.envs.entries()) {
    if (key === '' || /[=\0]/.test(key)) throw badField(`envs[${index}].key`, `not the name of a variable: '${key}'`);
    if (value.includes('\0')) throw badField(`envs[${index}].value`, `${key} has a NUL in it`);
    values.set(key, value);
  }
  return [...values].map(([key, value]) => `${key}=${value}`);
}

/** @throws invalid_argument */
export function workingFolder({ workingDir }: PodContainerConfig, own: ImageRunConfig = {}): string {
  const folder = workingDir || own.WorkingDir || '/';
  if (path.isAbsolute(folder)) return path.normalize(folder);
  if (workingDir === '') return path.normalize(`/${folder}`);
  throw badField('working_dir', `not an absolute path: ${workingDir}`);
}
