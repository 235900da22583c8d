import { readdirSync } from 'node:fs';
import path from 'node:path';
import { asError, BerthError, errnoName } from '@berth/model/error';
import { parseDeviceName } from './device-name.ts';
import { type CdiDevice, type CdiFile, readCdiFile } from './spec-file.ts';

/** A device and the file that has it. */
export interface FoundDevice {
  readonly file: CdiFile;
  readonly device: CdiDevice;
}

interface ReadFile {
  readonly path: string;
  readonly content: CdiFile | Error;
}

/**
 * The devices with these names. A later folder wins over an earlier one (what is made at run time over what was installed);
 * within one folder a name must be unique. Files are read anew each time: drivers write them when they like, and only those
 * wait who ask for a device.
 * @throws invalid_argument for what is no name, failed_precondition (`no_cdi_device`, `ambiguous_cdi_device`)
 */
export function findDevices(names: readonly string[], folders: readonly string[]): FoundDevice[] {
  const byFolder = folders.toReversed().map((folder) => filesOf(folder));
  return names.map((name, index) => findDevice(name, `cdi_devices[${index}]`, byFolder));
}

function findDevice(name: string, field: string, byFolder: readonly (readonly ReadFile[])[]): FoundDevice {
  const { kind, device: wanted } = parseDeviceName(name, field);
  for (const files of byFolder) {
    const found = files.flatMap(({ path: place, content }) => {
      if (content instanceof Error || content.kind !== kind) return [];
      return content.devices.filter((one) => one.name === wanted).map((device) => ({ place, file: content, device }));
    });
    const [first, second] = found;
    if (second !== undefined) {
      throw unresolved(field, 'ambiguous_cdi_device', `${name} is in ${first?.place} and in ${second.place}`);
    }
    if (first !== undefined) return first;
  }
  throw unresolved(field, 'no_cdi_device', `there is no CDI device ${name}${faults(byFolder.flat())}`);
}

function faults(files: readonly ReadFile[]): string {
  const bad = files.flatMap(({ path: place, content }) =>
    content instanceof Error ? [`${place}: ${content.message}`] : [],
  );
  return bad.length === 0 ? '' : `; files that cannot be read: ${bad.join(', ')}`;
}

function unresolved(field: string, code: string, message: string): BerthError {
  return new BerthError('failed_precondition', `${field}: ${message}`, {
    code,
    hint: 'CDI files are looked for in the folders of [cri] cdi_folders',
  });
}

function filesOf(folder: string): ReadFile[] {
  return namesIn(folder)
    .filter((name) => /\.(json|yaml)$/.test(name))
    .toSorted()
    .map((name) => {
      const place = path.join(folder, name);
      try {
        return { path: place, content: readCdiFile(place) };
      } catch (error) {
        return { path: place, content: asError(error) };
      }
    });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
