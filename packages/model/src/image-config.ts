import type { Digest } from './digest.ts';
import { BerthError } from './error.ts';
import {
  asBoolean,
  asDigest,
  asList,
  asMap,
  asString,
  asStringMap,
  asStrings,
  check,
  type JsonValue,
  member,
  readJson,
  required,
} from './json-reader.ts';

/** The JSON that an image's config descriptor points at (image-spec, config.md). */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: ImageRunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly ImageHistory[];
}

/** Defaults for containers of the image. Names are the wire's own. */
export interface ImageRunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface ImageHistory {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

const maxConfigSize = 8 * 1024 * 1024;

/**
 * The image config in these bytes, which errors call `what`. Members that Berth does not know (`Healthcheck`, `OnBuild`, ...) are kept.
 * @throws invalid_argument (`bad_json`) naming the member
 */
export function parseImageConfig(bytes: Uint8Array, what = 'config'): ImageConfig {
  const json = readJson(bytes, what, maxConfigSize);
  for (const key of ['architecture', 'os']) asString(required(json, key));
  check(json, ['variant', 'created', 'author'], asString);
  check(json, ['config'], checkRunConfig);
  check(json, ['history'], (history) => asList(history).forEach(checkHistory));
  const rootfs = required(json, 'rootfs');
  const type = required(rootfs, 'type');
  if (type.value !== 'layers')
    throw new BerthError('invalid_argument', `${type.path} is ${JSON.stringify(type.value)} instead of "layers"`, {
      code: 'bad_json',
    });
  check(rootfs, ['diff_ids'], (ids) => asList(ids).forEach(asDigest));
  // Go writes null for an image without layers.
  const diffIds = (member(rootfs, 'diff_ids')?.value ?? []) as readonly Digest[];
  const whole = dropNulls(json.value as object) as unknown as ImageConfig;
  const config = whole.config === undefined ? {} : { config: dropNulls(whole.config) as ImageRunConfig };
  return { ...whole, ...config, rootfs: { type: 'layers', diff_ids: diffIds } };
}

function checkRunConfig(config: JsonValue): void {
  check(config, ['User', 'WorkingDir', 'StopSignal'], asString);
  check(config, ['Env', 'Entrypoint', 'Cmd'], asStrings);
  check(config, ['ExposedPorts', 'Volumes'], asMap);
  check(config, ['Labels'], asStringMap);
}

function checkHistory(entry: JsonValue): void {
  check(entry, ['created', 'created_by', 'author', 'comment'], asString);
  check(entry, ['empty_layer'], asBoolean);
}

function dropNulls(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
