import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import {
  isReflectList,
  isReflectMap,
  isReflectMessage,
  reflect,
  type ReflectMessage,
} from '@bufbuild/protobuf/reflect';

/**
 * A message as Go's encoding/json writes the peers' structs, and not as protobuf's own JSON is: fields have the names of
 * the .proto file, what is zero is left out, enums and 64-bit numbers are numbers. For texts that people's scripts read.
 */
export function goJson<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Record<string, unknown> {
  return jsonOf(reflect(schema, create(schema, init)));
}

function jsonOf(message: ReflectMessage): Record<string, unknown> {
  const set = message.fields.filter((field) => message.isSet(field));
  return Object.fromEntries(set.map((field) => [field.name, valueOf(message.get(field))]));
}

function valueOf(value: unknown): unknown {
  if (isReflectMessage(value)) return jsonOf(value);
  if (isReflectList(value)) return [...value].map(valueOf);
  if (isReflectMap(value)) return Object.fromEntries([...value].map(([key, item]) => [String(key), valueOf(item)]));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'bigint' ? Number(value) : value;
}
