import { BerthError } from '@berth/model/error';

/** A CNI network configuration list, as far as a runtime reads it (CNI SPEC.md, section 1). */
export interface NetworkList {
  readonly name: string;
  /** The newest that both the list and we know. */
  readonly version: CniVersion;
  readonly disableCheck: boolean;
  readonly disableGc: boolean;
  /** Plugins may stand in a folder beside the list too (CNI 1.1). */
  readonly onlyInlined: boolean;
  readonly plugins: readonly PluginConfig[];
  /** As it was read. */
  readonly source: string;
}

/** What a plugin is given, with whatever it knows besides. */
export interface PluginConfig {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
}

const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof versions)[number];

/** Whether the verbs and fields of `least` are there. */
export function isAtLeast(version: CniVersion, least: CniVersion): boolean {
  return versions.indexOf(version) >= versions.indexOf(least);
}

/** A list (`.conflist`), or one plugin alone (`.conf`). @throws invalid_argument (`bad_network_configuration`) naming the key */
export function parseNetworkList(source: string): NetworkList {
  const read = asObject(parseJson(source), 'the configuration');
  const isList = read['type'] === undefined;
  const { name } = read;
  if (typeof name !== 'string' || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw bad('name is missing or has other characters than letters, digits, dots, dashes and underscores');
  }
  const plugins = isList ? asList(read['plugins'] ?? [], 'plugins') : [read];
  const onlyInlined = !isList || asSwitch(read, 'loadOnlyInlinedPlugins');
  if (plugins.length === 0 && onlyInlined) throw bad('plugins is empty');
  return {
    name,
    version: chooseVersion(read),
    disableCheck: asSwitch(read, 'disableCheck'),
    disableGc: asSwitch(read, 'disableGC'),
    onlyInlined,
    plugins: plugins.map((plugin, index) => asPlugin(plugin, isList ? `plugins[${index}]` : 'the configuration')),
    source,
  };
}

/** A plugin alone. @throws invalid_argument naming the key */
export function parsePlugin(source: string): PluginConfig {
  return asPlugin(parseJson(source), 'the configuration');
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw bad(`it is not JSON: ${(cause as Error).message}`);
  }
}

/** `cniVersion`, and since 1.1 `cniVersions`, of which the newest counts that we know. */
function chooseVersion(list: Readonly<Record<string, unknown>>): CniVersion {
  const given = [list['cniVersion'] ?? '0.1.0', ...asList(list['cniVersions'] ?? [], 'cniVersions')];
  const known = versions.findLast((version) => given.includes(version));
  if (known !== undefined) return known;
  throw bad(`cniVersion ${given.map(String).join(', ')} is not known; ${versions.join(', ')} are`);
}

function asPlugin(value: unknown, path: string): PluginConfig {
  const plugin = asObject(value, path);
  const { type } = plugin;
  if (typeof type !== 'string' || type === '' || /[/\\\0]/.test(type) || type === '.' || type === '..') {
    throw bad(`${path}.type is not the name of a plugin`);
  }
  if (plugin['capabilities'] !== undefined) asObject(plugin['capabilities'], `${path}.capabilities`);
  return plugin as PluginConfig;
}

function asObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw bad(`${path} is not an object`);
}

function asList(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw bad(`${path} is not a list`);
}

/** Also as text, which releases before 1.0 wanted. */
function asSwitch(list: Readonly<Record<string, unknown>>, key: string): boolean {
  const value = list[key] ?? false;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw bad(`${key} is neither true nor false`);
}

function bad(problem: string): BerthError {
  return new BerthError('invalid_argument', problem, { code: 'bad_network_configuration' });
}
