const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Powers of 1000 with three digits, as docker prints image sizes: `4.27MB`, `0B`. */
export function decimalSize(bytes: number): string {
  return scaled(bytes, { base: 1000, units: decimalUnits, digits: 3 });
}

/** Powers of 1024 with four digits, as docker prints memory: `1.945GiB`. */
export function binarySize(bytes: number): string {
  return scaled(bytes, { base: 1024, units: binaryUnits, digits: 4 });
}

function scaled(
  bytes: number,
  { base, units, digits }: { readonly base: number; readonly units: readonly string[]; readonly digits: number },
): string {
  let value = bytes;
  let unit = 0;
  while (unit < units.length - 1 && Number(value.toPrecision(digits)) >= base) {
    value /= base;
    unit++;
  }
  // Through Number: trailing zeros go.
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}
