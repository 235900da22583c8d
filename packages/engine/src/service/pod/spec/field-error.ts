import { BerthError } from '@berth/model/error';

/** What was asked for cannot be: `field` in the CRI's own words (`linux.security_context.run_as_group`). */
export function badField(field: string, message: string, hint?: string): BerthError {
  return new BerthError('invalid_argument', `${field}: ${message}`, {
    code: 'bad_field',
    ...(hint === undefined ? {} : { hint }),
  });
}
