import { asError } from '@berth/model/error';
import { invalid } from '../compile/invalid.ts';
import type { UnitProperty } from './systemd.ts';
import { variant } from './value.ts';
import type { Variant } from './value.ts';
import { parseVariantText } from './variant-text.ts';

const prefix = 'org.systemd.property.';

/**
 * Annotations `org.systemd.property.NAME` as unit properties, as runc and crun have them. Names that end in `Sec` are
 * seconds, systemd's own are microseconds (`TimeoutStopSec` becomes `TimeoutStopUSec`). Throws `invalid_argument`.
 */
export function annotationProperties(annotations: Readonly<Record<string, string>>): UnitProperty[] {
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]): UnitProperty => {
      const field = `annotations["${key}"]`;
      const name = key.slice(prefix.length);
      if (!/^[A-Za-z]{3,}$/.test(name)) throw invalid(field, `not the name of a property: ${name}`);
      const value = parsed(text, field);
      if (!/[a-z]Sec$/.test(name)) return [name, value];
      return [`${name.slice(0, -'Sec'.length)}USec`, microseconds(value, field)];
    });
}

function parsed(text: string, field: string): Variant {
  try {
    return parseVariantText(text);
  } catch (cause) {
    throw invalid(
      field,
      `not a value in GVariant text form: ${asError(cause).message}`,
      "for example uint64 5, or 'text'",
    );
  }
}

function microseconds({ value }: Variant, field: string): Variant {
  if (typeof value === 'bigint' && value >= 0n) return variant('t', value * 1_000_000n);
  if (typeof value === 'number' && value >= 0 && value < 2 ** 40) return variant('t', BigInt(Math.round(value * 1e6)));
  throw invalid(field, 'not a number of seconds');
}
