import type { RepositoryName } from '../medium/medium.ts';
import { repositoryScope } from './auth/scope.ts';
import type { Subject } from './failure/kinds.ts';
import type { Hosts } from './hosts.ts';

/** A repository and the hosts that have it: what every verb of it starts from. */
export interface Place {
  readonly hosts: Hosts;
  readonly name: RepositoryName;
}

/** What messages call a thing of the repository. */
export function subjectOf({ name }: Place, thing: string, missing?: Subject['missing']): Subject {
  const title = `${thing} of ${name.domain}/${name.path}`;
  return { title, host: name.domain, ...(missing === undefined ? {} : { missing }) };
}

export function pullScopes({ name }: Place): readonly string[] {
  return [repositoryScope(name.path, 'pull')];
}

export function pushScopes({ name }: Place): readonly string[] {
  return [repositoryScope(name.path, 'pull,push')];
}
