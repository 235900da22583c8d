import { isBuiltin } from 'node:module';
import { posix } from 'node:path';

/** Where an import leads: a file of ours (its path from the root), Node itself, or a package of others. */
export type Target =
  | { readonly kind: 'file'; readonly file: string; readonly through: 'relative' | 'alias' | 'package' }
  | { readonly kind: 'node' }
  | { readonly kind: 'foreign'; readonly name: string };

/** Knows only the forms that our package files define: `@berth/NAME/PATH`, and `#LAYER/PATH` inside the engine. */
export function resolveImport(from: string, specifier: string): Target {
  if (specifier.startsWith('.')) {
    return { kind: 'file', file: posix.join(posix.dirname(from), specifier), through: 'relative' };
  }
  if (specifier.startsWith('#')) {
    return { kind: 'file', file: `packages/engine/src/${specifier.slice(1)}.ts`, through: 'alias' };
  }
  if (isBuiltin(specifier)) return { kind: 'node' };
  const [scope = '', second = '', ...rest] = specifier.split('/');
  if (scope !== '@berth') return { kind: 'foreign', name: scope.startsWith('@') ? `${scope}/${second}` : scope };
  return { kind: 'file', file: `packages/${second}/src/${rest.join('/')}.ts`, through: 'package' };
}
