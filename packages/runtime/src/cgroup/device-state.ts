import type { DeviceRule } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';

/** What a list of rules comes to: a default, and the devices that are treated the other way. */
export interface DeviceState {
  readonly allow: boolean;
  readonly exceptions: readonly DeviceException[];
}

/** `major` and `minor` undefined are all. `access` has each of the letters `rwm` at most once, and at least one. */
export interface DeviceException {
  readonly type: 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

/**
 * Plays the rules in order as the kernel's v1 device cgroup does (security/device_cgroup.c), starting from "deny all": a
 * rule for all devices sets the default and forgets what came before; any other adds an exception, or takes one back
 * when it says what the default says. Throws `invalid_argument` for a rule that would take back a part of a wider
 * exception: the kernel ignores such a rule, and the container would have more than its author believes.
 */
export function deviceState(rules: readonly DeviceRule[], field = 'linux.resources.devices'): DeviceState {
  let allow = false;
  let exceptions = new Map<string, DeviceException>();
  for (const [index, rule] of rules.entries()) {
    const at = `${field}[${index}]`;
    if (isAll(rule)) {
      ({ allow, exceptions } = { allow: rule.allow, exceptions: new Map() });
      continue;
    }
    const exception = exceptionFrom(rule, at);
    if (rule.allow === allow) takeBack(exceptions, exception, at);
    else add(exceptions, exception);
  }
  return { allow, exceptions: [...exceptions.values()] };
}

/** No type, or type a: numbers and access count for nothing then, and the whole default is set. */
export function isAll({ type }: DeviceRule): boolean {
  return type === undefined || type === 'a';
}

function add(exceptions: Map<string, DeviceException>, exception: DeviceException): void {
  const key = keyOf(exception);
  const access = lettersOf(`${exceptions.get(key)?.access ?? ''}${exception.access}`);
  exceptions.set(key, { ...exception, access });
}

function takeBack(exceptions: Map<string, DeviceException>, exception: DeviceException, field: string): void {
  const { major, minor, ...all } = exception;
  const wider: DeviceException[] = [
    ...(major === undefined ? [] : [{ ...all, ...(minor === undefined ? {} : { minor }) }]),
    ...(minor === undefined ? [] : [{ ...all, ...(major === undefined ? {} : { major }) }, all]),
  ];
  for (const one of wider) {
    const hit = exceptions.get(keyOf(one));
    if (hit !== undefined && hit.access.split('').some((letter) => exception.access.includes(letter))) {
      throw invalid(field, `would make a hole in the wider rule ${textOf(hit)}, which cgroups cannot do`);
    }
  }
  const key = keyOf(exception);
  const old = exceptions.get(key);
  const access = (old?.access ?? '')
    .split('')
    .filter((letter) => !exception.access.includes(letter))
    .join('');
  if (access === '') exceptions.delete(key);
  else exceptions.set(key, { ...exception, access });
}

function exceptionFrom({ type, major, minor, access }: DeviceRule, field: string): DeviceException {
  const letters = access || 'rwm';
  if (!/^[rwm]+$/.test(letters)) throw invalid(`${field}.access`, `not letters of rwm: ${access}`);
  return {
    type: type === 'b' ? 'b' : 'c',
    ...numberOf('major', major, field),
    ...numberOf('minor', minor, field),
    access: lettersOf(letters),
  };
}

function numberOf(
  name: 'major' | 'minor',
  value: number | undefined,
  field: string,
): { major?: number; minor?: number } {
  if (value === undefined || value === -1) return {};
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return { [name]: value };
  throw invalid(`${field}.${name}`, `not a device number: ${value}`);
}

function keyOf({ type, major, minor }: DeviceException): string {
  return `${type} ${major ?? '*'}:${minor ?? '*'}`;
}

/** A line as in devices.list. */
export function textOf(exception: DeviceException): string {
  return `${keyOf(exception)} ${exception.access}`;
}

const lettersOf = (access: string) => ['r', 'w', 'm'].filter((letter) => access.includes(letter)).join('');
