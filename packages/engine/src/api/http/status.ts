import type { ErrorKind } from '@berth/model/error';

/** HTTP status of each error kind, as docker's API answers them. */
export const httpStatus: Readonly<Record<ErrorKind, number>> = {
  invalid_argument: 400,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  permission_denied: 403,
  unauthenticated: 401,
  resource_exhausted: 429,
  aborted: 409,
  out_of_range: 416,
  unimplemented: 501,
  unavailable: 503,
  data_loss: 500,
  deadline_exceeded: 504,
  cancelled: 499,
  internal: 500,
};
