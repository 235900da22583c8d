import { numberFlag, textFlag } from './flag/spec.ts';

/** Flags of `stop` and `restart`. */
export const stopFlags = {
  signal: textFlag('Signal to send to the container', { short: 's' }),
  timeout: numberFlag('Seconds to wait before killing the container', { short: 't' }),
  // Its name before docker 28.
  time: numberFlag('', { hidden: true }),
};
