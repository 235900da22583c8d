import { tarEnd, tarHeader, type TarMember, tarPadding } from './writer.ts';

/** One PAX record by hand. */
export function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = rest.length + String(rest.length + 2).length;
  return `${length}${rest}`;
}

/** A member behind a PAX header with these records. */
export function withPax(records: string, member: TarMember, content = ''): Buffer {
  const body = Buffer.from(records, 'latin1');
  return Buffer.concat([
    tarHeader({ name: 'pax', flag: 'x', size: body.length }),
    body,
    tarPadding(body.length),
    tarHeader({ ...member, size: content.length }),
    Buffer.from(content),
    tarPadding(content.length),
    tarEnd,
  ]);
}
