/** What a token is for (distribution, "Token Scope Documentation"): `repository:a/b:pull,push`. */
export function repositoryScope(path: string, actions: 'pull' | 'pull,push' | 'delete' | 'pull,delete'): string {
  return `repository:${path}:${actions}`;
}

export const catalogScope = 'registry:catalog:*';

/** The scopes together, one for each resource, sorted: the same wishes read the same. */
export function mergeScopes(scopes: readonly string[]): readonly string[] {
  const resources = new Map<string, Set<string>>();
  for (const scope of scopes) {
    const colon = scope.lastIndexOf(':');
    if (colon < 0) continue;
    const actions = resources.get(scope.slice(0, colon)) ?? new Set();
    for (const action of scope.slice(colon + 1).split(',')) actions.add(action);
    resources.set(scope.slice(0, colon), actions);
  }
  return [...resources].map(([resource, actions]) => `${resource}:${[...actions].sort().join(',')}`).sort();
}
