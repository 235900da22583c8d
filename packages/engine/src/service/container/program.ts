import { BerthError } from '@berth/model/error';
import type { ImageRunConfig } from '@berth/model/image-config';
import type { ContainerConfig } from './contract.ts';

/**
 * The program and its arguments: entrypoint, then command. An entrypoint of the caller's own drops the image's
 * command too (docker's rule).
 * @throws invalid_argument (`no_command`)
 */
export function programArguments(config: ContainerConfig, image: ImageRunConfig | undefined): string[] {
  const entrypoint = config.entrypoint ?? image?.Entrypoint ?? [];
  const inherited = config.entrypoint === undefined ? (image?.Cmd ?? []) : [];
  const command = config.command !== undefined && config.command.length > 0 ? config.command : inherited;
  const words = [...entrypoint, ...command];
  if (words.length > 0 && words[0] !== '') return words;
  throw new BerthError('invalid_argument', `no command specified for ${config.image}`, {
    code: 'no_command',
    hint: 'the image has neither an entrypoint nor a command: name the program after the image',
  });
}

/** Variables of the image, then of the caller; `NAME` alone (no `=`) removes one. */
export function mergeEnvironment(image: readonly string[], own: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of [...image, ...own]) {
    const at = entry.indexOf('=');
    const name = at < 0 ? entry : entry.slice(0, at);
    if (name === '')
      throw new BerthError('invalid_argument', `invalid environment variable: '${entry}'`, { code: 'bad_env' });
    if (at < 0) merged.delete(name);
    else merged.set(name, entry);
  }
  return [...merged.values()];
}
