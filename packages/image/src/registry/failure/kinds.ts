import { BerthError, type ErrorKind } from '@berth/model/error';
import { plainText } from './plain-text.ts';

/** An entry of a registry's error body (distribution-spec, "Error codes"). */
interface RegistryComplaint {
  readonly code: string;
  readonly message: string;
}

/** Of what is spoken, for messages: `manifest sha256:... of localhost:5000/app`. */
export interface Subject {
  readonly title: string;
  /** Host for `berth login`. */
  readonly host: string;
  /** Code of a 404 whose body says nothing. */
  readonly missing?: 'no_such_manifest' | 'no_such_blob' | 'no_such_repository' | 'no_such_upload';
}

// Maps: a registry's code may be any word, also one that every object knows.
const missingCodes: ReadonlyMap<string, string> = new Map([
  ['NAME_UNKNOWN', 'no_such_repository'],
  ['MANIFEST_UNKNOWN', 'no_such_manifest'],
  ['BLOB_UNKNOWN', 'no_such_blob'],
  ['BLOB_UPLOAD_UNKNOWN', 'no_such_upload'],
]);

const damages: ReadonlyMap<string, string> = new Map([
  ['DIGEST_INVALID', 'digest_mismatch'],
  ['SIZE_INVALID', 'size_mismatch'],
]);

/** The error that a registry's answer means. */
export function failureOf(status: number, body: string, subject: Subject): BerthError {
  const complaints = complaintsIn(body);
  const said = complaints.map(({ code, message }) => plainText(message === '' ? code : message)).join('; ');
  const first = complaints[0]?.code ?? '';
  const damage = damages.get(first);
  if (damage !== undefined)
    return new BerthError('data_loss', `${subject.title}: the registry found other bytes: ${said}`, { code: damage });
  const kind = kindOf(status);
  const code =
    status === 413
      ? 'too_big_for_registry'
      : kind === 'not_found'
        ? (missingCodes.get(first) ?? subject.missing ?? 'not_found')
        : codes[kind];
  const hint = hintOf(kind, subject);
  return new BerthError(kind, `${subject.title}: ${meaning(kind, status)}${said === '' ? '' : `: ${said}`}`, {
    ...(code === undefined ? {} : { code }),
    ...(hint === undefined ? {} : { hint }),
  });
}

const codes: Partial<Record<ErrorKind, string>> = {
  unauthenticated: 'login_needed',
  permission_denied: 'registry_denied',
  resource_exhausted: 'too_many_requests',
  invalid_argument: 'registry_refused',
  unimplemented: 'registry_lacks',
  unavailable: 'registry_failed',
};

function kindOf(status: number): ErrorKind {
  switch (status) {
    case 401:
      return 'unauthenticated';
    case 403:
      return 'permission_denied';
    case 404:
    case 410:
      return 'not_found';
    case 405:
    case 501:
      return 'unimplemented';
    case 408:
      return 'unavailable';
    case 416:
      return 'out_of_range';
    case 429:
      return 'resource_exhausted';
    default:
      return status >= 500 || status < 400 ? 'unavailable' : 'invalid_argument';
  }
}

function meaning(kind: ErrorKind, status: number): string {
  switch (kind) {
    case 'unauthenticated':
      return 'the registry asks who we are';
    case 'permission_denied':
      return 'the registry denies access';
    case 'not_found':
      return 'the registry has none';
    case 'unimplemented':
      return 'the registry does not do that';
    case 'resource_exhausted':
      return 'the registry was asked too often';
    default:
      return `the registry answered with status ${status}`;
  }
}

function hintOf(kind: ErrorKind, { host }: Subject): string | undefined {
  if (kind === 'unauthenticated') return loginHint(host);
  if (kind === 'permission_denied') return `check the name and what your account may do, or ${loginHint(host)}`;
  if (kind === 'resource_exhausted') return `try again later; ${loginHint(host)} where accounts have higher limits`;
  return undefined;
}

export function loginHint(host: string): string {
  return `berth login ${host}`;
}

/** Empty when the body is none of a registry. */
function complaintsIn(body: string): readonly RegistryComplaint[] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return [];
  }
  const { errors, details, message } = (document ?? {}) as Readonly<Record<string, unknown>>;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  if (!Array.isArray(errors)) {
    // Token servers and gateways of others.
    const said = text(details) || text(message);
    return said === '' ? [] : [{ code: '', message: said }];
  }
  return errors.slice(0, 3).map((each: unknown) => {
    const complaint = (each ?? {}) as Readonly<Record<string, unknown>>;
    return { code: text(complaint['code']), message: text(complaint['message']) };
  });
}
