import { BerthError } from '@berth/model/error';

/** A spec that cannot be run: `invalid_argument`, naming the JSON path of the bad field. */
export function invalid(path: string, message: string, hint?: string): BerthError {
  return new BerthError('invalid_argument', `${path}: ${message}`, {
    code: 'invalid_spec',
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A valid spec that asks for what Berth does not do yet: `unimplemented`, naming the JSON path. */
export function unimplemented(path: string, message: string, hint?: string): BerthError {
  return new BerthError('unimplemented', `${path}: ${message}`, hint === undefined ? {} : { hint });
}
