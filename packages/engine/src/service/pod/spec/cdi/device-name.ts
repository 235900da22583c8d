import { badField } from '../field-error.ts';

/** The parts of a qualified device name, `vendor.com/class=device`. */
export interface DeviceName {
  /** `vendor.com/class`, as a file has it. */
  readonly kind: string;
  readonly device: string;
}

const vendor = /^[A-Za-z]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const className = /^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$/;
const deviceName = /^[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$/;

/** @throws invalid_argument naming the field */
export function parseDeviceName(text: string, field: string): DeviceName {
  const { kind = '', device = '' } = /^(?<kind>[^=]*)=(?<device>.*)$/s.exec(text)?.groups ?? {};
  if (isKindName(kind) && isDevice(device)) return { kind, device };
  throw badField(field, `not the name of a CDI device: '${text}'`, 'it looks like vendor.com/class=device');
}

export function isKindName(text: string): boolean {
  const [before = '', after = '', ...rest] = text.split('/');
  return rest.length === 0 && vendor.test(before) && className.test(after);
}

export function isDevice(text: string): boolean {
  return deviceName.test(text);
}
