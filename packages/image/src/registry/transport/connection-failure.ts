import { BerthError, errnoName } from '@berth/model/error';
import { plainText } from '../failure/plain-text.ts';

/** What the reader of a request's body threw: to be told as it is, not to be tried again. */
export class SourceFailure extends Error {
  constructor(cause: unknown) {
    super('the bytes to be sent could not be read', { cause });
  }
}

/** The line was silent for too long. */
export function stalled(): Error {
  return Object.assign(new Error('no byte came for too long'), { code: 'ETIMEDOUT' });
}

/** Codes of OpenSSL and Node for certificates that do not convince. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|ALTNAME|HOSTNAME_MISMATCH/;
const lasting = /^(?:ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EPROTO|ERR_SSL|ERR_TLS|ERR_PROXY|HPE_)/;

/** Names the host, and says whether it may pass by itself (`mayPass`). */
export function connectionFailure(cause: unknown, url: URL): BerthError {
  if (cause instanceof BerthError) return cause;
  const name = errnoName(cause) ?? '';
  const said = plainText(cause instanceof Error ? cause.message : String(cause));
  if (name.includes('_ALERT_')) {
    return new BerthError('failed_precondition', `${url.host} does not accept who we are in TLS: ${said}`, {
      code: 'certificate_refused',
      cause,
      hint: `put a certificate and key for it into certs.d/${url.host}, or name them as client in a hosts.toml there`,
    });
  }
  if (untrusted.test(name)) {
    return new BerthError(
      'failed_precondition',
      `${url.host} proves itself with a certificate that is not trusted: ${said}`,
      {
        code: 'untrusted_certificate',
        cause,
        hint: `put its authority's certificate into certs.d/${url.host}/ca.crt, or name it as ca in a hosts.toml there`,
      },
    );
  }
  return new BerthError('unavailable', `${url.host} cannot be reached: ${said === '' ? name : said}`, {
    code: lasting.test(name) ? 'no_connection' : 'connection_lost',
    cause,
  });
}

/** A broken line, not a wrong address. */
export function mayPass(error: unknown): boolean {
  return error instanceof BerthError && error.code === 'connection_lost';
}
