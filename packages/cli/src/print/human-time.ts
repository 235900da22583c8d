const minute = 60;
const hour = 60 * minute;

/** A span in docker's words: `3 seconds`, `About a minute`, `5 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < minute) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / minute);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(milliseconds / 1000 / hour + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(milliseconds / 1000 / hour / 24 / 365)} years`;
}

/** `2 minutes ago`; empty when the time is unset. */
export function humanSince(time: string, now = Date.now()): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? '' : `${humanDuration(now - at)} ago`;
}

/** As docker prints CreatedAt: `2026-11-05 09:24:38 +0000 UTC`. */
export function localTime(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return '';
  const two = (value: number) => String(Math.trunc(Math.abs(value))).padStart(2, '0');
  const offset = -at.getTimezoneOffset();
  const zone = offset === 0 ? '+0000 UTC' : `${offset < 0 ? '-' : '+'}${two(offset / 60)}${two(offset % 60)}`;
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone}`;
}

/** Nanoseconds for people: `870ns`, `12.3µs`, `4.56ms`, `1.23s`. */
export function humanNanoseconds(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${Math.round(nanoseconds)}ns`;
  if (nanoseconds < 1e6) return `${digits(nanoseconds / 1e3)}µs`;
  if (nanoseconds < 1e9) return `${digits(nanoseconds / 1e6)}ms`;
  return `${digits(nanoseconds / 1e9)}s`;
}

/** Three significant digits, never in exponent form. */
function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
