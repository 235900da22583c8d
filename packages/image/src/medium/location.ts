import { BerthError } from '@berth/model/error';
import { parseReference, type Reference } from '@berth/model/reference';

/** Where an image is, as `berth copy` takes it. */
export type Location =
  | { readonly medium: 'registry'; readonly reference: Reference }
  /** `reference` is what follows the last colon: a tag or a whole name; absent: the only image, or all. */
  | {
      readonly medium: 'oci' | 'oci-archive' | 'docker-archive';
      readonly path: string;
      readonly reference?: string;
    }
  | { readonly medium: 'dir'; readonly path: string }
  /** A live dockerd: `DOCKER_HOST` or its usual socket. The name may be an image id. */
  | { readonly medium: 'docker'; readonly name: string }
  | { readonly medium: 'containerd' | 'berth'; readonly namespace: string; readonly name: string }
  /** Berth on another machine, through ssh. */
  | { readonly medium: 'ssh'; readonly host: string; readonly namespace: string; readonly name: string };

const grammar =
  'a place reads NAME or registry://NAME, oci:PATH[:TAG], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME], dir:PATH, ' +
  'docker://NAME, containerd://NAMESPACE/NAME, berth://NAMESPACE/NAME or ssh://[USER@]HOST[:PORT]/NAME[?namespace=NAMESPACE]';

/** Kinds of places whose paths may have anything in them. */
const filed: ReadonlySet<string> = new Set(['oci', 'oci-archive', 'docker-archive', 'dir']);

/** @throws invalid_argument (`bad_location`, `bad_reference`) */
export function parseLocation(text: string): Location {
  // `docker:dind` and `registry:2` are images: a kind that takes no path is told by its slashes.
  const [, kind = '', rest = ''] =
    /^(oci|oci-archive|docker-archive|docker-daemon|dir):(.*)$/.exec(text) ??
    /^([a-z][a-z0-9+.-]*):\/\/(.*)$/.exec(text) ??
    [];
  if (!filed.has(kind)) refusePassword(kind === '' ? text : rest);
  switch (kind) {
    case '':
      return { medium: 'registry', reference: parseReference(text) };
    case 'registry':
      return { medium: 'registry', reference: parseReference(nonEmpty(text, rest)) };
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
      return fileLocation(text, kind, rest);
    case 'dir':
      return { medium: 'dir', path: nonEmpty(text, rest) };
    case 'docker':
      return { medium: 'docker', name: nonEmpty(text, rest) };
    // skopeo's word for it.
    case 'docker-daemon':
      return { medium: 'docker', name: nonEmpty(text, rest.replace(/^\/\//, '')) };
    case 'containerd':
    case 'berth':
      return { medium: kind, ...namespaced(text, nonEmpty(text, rest)) };
    case 'ssh':
      return sshLocation(text);
    default:
      throw bad(text, `of the unknown kind '${kind}'`);
  }
}

/** The location as messages name it. */
export function formatLocation(location: Location): string {
  switch (location.medium) {
    case 'registry':
      return `registry://${location.reference.name}`;
    case 'dir':
      return `dir:${location.path}`;
    case 'docker':
      return `docker://${location.name}`;
    case 'containerd':
    case 'berth':
      return `${location.medium}://${location.namespace}/${location.name}`;
    case 'ssh':
      return `ssh://${location.host}/${location.name}`;
    default: {
      const { medium, path, reference } = location;
      return `${medium}:${path}${reference === undefined ? '' : `:${reference}`}`;
    }
  }
}

/** A place is in messages and in what ps(1) shows. `app:1@sha256:HEX` has no slash after its sign. */
function refusePassword(place: string): void {
  if (!/^[^/@]*:[^/]*@[^/]*\//.test(place)) return;
  throw new BerthError('invalid_argument', 'a place may not have a password in it', {
    code: 'bad_location',
    hint: 'berth login keeps it for registries, and ssh asks for it itself',
  });
}

/** As skopeo cuts it: the path ends at the first colon. */
function fileLocation(text: string, medium: 'oci' | 'oci-archive' | 'docker-archive', rest: string): Location {
  const colon = rest.indexOf(':');
  const path = nonEmpty(text, colon < 0 ? rest : rest.slice(0, colon));
  const reference = colon < 0 ? '' : rest.slice(colon + 1);
  return { medium, path, ...(reference === '' ? {} : { reference }) };
}

function namespaced(text: string, rest: string): { readonly namespace: string; readonly name: string } {
  const slash = rest.indexOf('/');
  if (slash < 1 || slash === rest.length - 1) throw bad(text, 'without a namespace and a name');
  return { namespace: rest.slice(0, slash), name: rest.slice(slash + 1) };
}

function sshLocation(text: string): Location {
  const [, host = '', name = '', namespace = 'default'] =
    /^ssh:\/\/([^/?]+)\/([^?]+)(?:\?namespace=([^&]+))?$/.exec(text) ?? [];
  // A host that begins with a dash would be an option of ssh.
  if (host === '' || host.startsWith('-')) throw bad(text, 'without a host and a name');
  return { medium: 'ssh', host, namespace, name };
}

function nonEmpty(text: string, value: string): string {
  if (value === '') throw bad(text, 'that names nothing');
  return value;
}

function bad(text: string, problem: string): BerthError {
  return new BerthError('invalid_argument', `'${text.slice(0, 300)}' is a place ${problem}`, {
    code: 'bad_location',
    hint: grammar,
  });
}
