import { defaultPath } from '../compile/program.ts';
import type { ContainerSpecInput } from './container-spec-input.ts';

/** The environment docker gives: PATH, HOSTNAME and TERM before the user's, HOME when nobody set it. */
export function environment(input: ContainerSpecInput): string[] {
  const { hostname, tty, user, env = [] } = input;
  const defaults = {
    PATH: defaultPath,
    ...(hostname ? { HOSTNAME: hostname } : {}),
    ...(tty ? { TERM: 'xterm' } : {}),
  };
  const values = new Map<string, string>(Object.entries(defaults));
  for (const one of env) {
    const [name = ''] = one.split('=', 1);
    // docker: a name without a value takes the variable away.
    if (one.includes('=')) values.set(name, one.slice(name.length + 1));
    else values.delete(name);
  }
  if (!values.has('HOME')) values.set('HOME', user?.home || (user?.uid ? '/' : '/root'));
  return [...values].map(([name, value]) => `${name}=${value}`);
}
