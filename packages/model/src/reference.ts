import { type Digest, isDigest } from './digest.ts';
import { BerthError, isKind } from './error.ts';

/**
 * A name of an image in its full form (distribution's reference grammar and docker's normalisation):
 * `docker.io/library/alpine:latest`, `ghcr.io/a/b:1@sha256:...`.
 */
export interface Reference {
  /** Registry host with port, `docker.io` by default. */
  readonly domain: string;
  /** Repository within the registry, `library/alpine`. */
  readonly path: string;
  /** `latest` when neither tag nor digest was given. */
  readonly tag?: string;
  readonly digest?: Digest;
  /** The whole reference; what image records are named. */
  readonly name: string;
}

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const domainPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const componentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const longestPath = 255;
/** A DNS name and a port; the pattern is never tried on more. */
const longestDomain = 260;
const defaultDomain = 'docker.io';

/**
 * Reads a reference as users write it and completes it.
 * @throws invalid_argument (`bad_reference`) naming the reference and what is wrong with it
 */
export function parseReference(text: string): Reference {
  if (text === '') throw bad(text, 'is empty');
  refusePassword(text);
  if (/^[0-9a-f]{64}$/.test(text)) throw bad(text, 'is an image id, not a name');
  const { rest, digest } = cutDigest(text);
  const { repository, tag } = cutTag(text, rest);
  const { domain, path } = splitDomain(repository);
  if (domain.length > longestDomain || !domainPattern.test(domain))
    throw bad(text, `has the registry host '${domain.slice(0, 100)}', which is none`);
  checkPath(text, path);
  const shownTag = tag ?? (digest === undefined ? 'latest' : undefined);
  const name = `${domain}/${path}${shownTag === undefined ? '' : `:${shownTag}`}${digest === undefined ? '' : `@${digest}`}`;
  return {
    domain,
    path,
    name,
    ...(shownTag === undefined ? {} : { tag: shownTag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Not repeated: errors are logged. */
function refusePassword(text: string): void {
  if (!/^[^/@]*:[^/]*@[^/]*\//.test(text)) return;
  throw new BerthError('invalid_argument', 'an image reference may not have a password in it', {
    code: 'bad_reference',
    hint: 'berth login keeps it',
  });
}

function cutDigest(text: string): { rest: string; digest?: Digest } {
  const at = text.indexOf('@');
  if (at < 0) return { rest: text };
  const digest = text.slice(at + 1);
  if (!isDigest(digest))
    throw bad(text, `has the digest '${digest}', which is not sha256: and 64 hexadecimal characters`);
  return { rest: text.slice(0, at), digest };
}

/** A colon after the last slash starts a tag; one before belongs to the host's port. */
function cutTag(text: string, rest: string): { repository: string; tag?: string } {
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  if (colon < 0) return { repository: rest };
  const tag = rest.slice(colon + 1);
  if (!tagPattern.test(tag))
    throw bad(text, `has the tag '${tag}'; tags are up to 128 letters, digits, '_', '.' and '-'`);
  return { repository: rest.slice(0, colon), tag };
}

/** The first component is a host when it looks like one: a dot, a port, `localhost`, or a capital letter. */
function splitDomain(repository: string): { domain: string; path: string } {
  const slash = repository.indexOf('/');
  const first = repository.slice(0, Math.max(0, slash));
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = !isHost || first === 'index.docker.io' ? defaultDomain : first;
  const path = isHost ? repository.slice(slash + 1) : repository;
  return { domain, path: domain === defaultDomain && !path.includes('/') ? `library/${path}` : path };
}

function checkPath(text: string, path: string): void {
  if (path.length > longestPath) throw bad(text, `has a repository name of more than ${longestPath} characters`);
  for (const component of path.split('/')) {
    if (componentPattern.test(component)) continue;
    if (component === '') throw bad(text, 'has an empty component in its repository name');
    const lower = componentPattern.test(component.toLowerCase());
    throw bad(
      text,
      lower
        ? 'has capital letters in its repository name'
        : `has '${component}' in its repository name, which is not allowed there`,
    );
  }
}

function bad(text: string, problem: string): BerthError {
  return new BerthError('invalid_argument', `image reference '${text.slice(0, 300)}' ${problem}`, {
    code: 'bad_reference',
    hint: 'a reference reads [host[:port]/]name[:tag][@digest], the name in lower case',
  });
}

/** True when the text can be completed to a reference. */
export function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return false;
    throw error;
  }
}

/**
 * The short form that docker shows: without docker.io/ and library/ where that still means the same image.
 * Anything that is no full reference comes back as it is.
 */
export function familiarName(name: string): string {
  for (const prefix of [`${defaultDomain}/library/`, `${defaultDomain}/`]) {
    const short = name.slice(prefix.length);
    // docker.io/localhost/x cannot be shortened: localhost/x is another image.
    if (name.startsWith(prefix) && isReference(short) && parseReference(short).name === name) return short;
  }
  return name;
}

/** The reference without tag and digest: where its blobs are. */
export function repositoryOf({ domain, path }: Reference): string {
  return `${domain}/${path}`;
}
