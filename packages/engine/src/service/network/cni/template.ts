import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asError, BerthError } from '@berth/model/error';
import type { AddressRange } from '@berth/model/address-range';
import { parseNetworkList } from './network-list.ts';

const name = '10-berth-pods.conflist';

/**
 * Writes the configuration that a template makes of the ranges. In it stand `{{.PodCIDR}}` for the first range,
 * `{{.PodCIDRRanges}}` for host-local's `ranges` with all of them, `{{.Routes}}` for a default route of each family.
 * @throws failed_precondition (`bad_network_template`) naming the file
 */
export function writeFromTemplate(template: string, ranges: readonly AddressRange[], folder: string): string {
  const file = path.join(folder, name);
  try {
    const text = fill(readFileSync(template, 'utf8'), ranges);
    parseNetworkList(text);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    // Without a name that counts until it is whole.
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    return file;
  } catch (cause) {
    throw new BerthError('failed_precondition', `network.cni_template ${template}: ${asError(cause).message}`, {
      code: 'bad_network_template',
      cause,
    });
  }
}

export function fill(template: string, ranges: readonly AddressRange[]): string {
  const routes = ranges.map(({ family }) => ({ dst: family === 4 ? '0.0.0.0/0' : '::/0' }));
  const values: Readonly<Record<string, string>> = {
    PodCIDR: ranges[0]?.text ?? '',
    PodCIDRRanges: JSON.stringify(ranges.map(({ text }) => [{ subnet: text }])),
    Routes: JSON.stringify(routes),
  };
  return template.replaceAll(/\{\{\s*\.(\w+)\s*\}\}/g, (place, key: string) => values[key] ?? place);
}
