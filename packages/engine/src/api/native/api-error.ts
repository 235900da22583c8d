import { asError, BerthError } from '@berth/model/error';
import type { ApiError } from '@berth/wire/native/api';

/** An error before the first byte of an answer. */
export function nativeErrorBody(error: BerthError): { readonly error: ApiError } {
  return { error: apiError(error) };
}

/** Any error as this API tells it; what is not one of ours is our own fault. */
export function apiError(value: unknown): ApiError {
  const { kind, code, message, hint } = value instanceof BerthError ? value : internal(value);
  return hint === undefined ? { kind, code, message } : { kind, code, message, hint };
}

function internal(value: unknown): BerthError {
  return new BerthError('internal', asError(value).message, { cause: value });
}
