import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  createRegistry,
  type DescField,
  type DescFile,
  type DescMessage,
  ScalarType,
  type Registry,
} from '@bufbuild/protobuf';
import { file_containerd_services_content_v1_content as content } from './gen/containerd/services/content/v1/content_pb.ts';
import { file_containerd_services_diff_v1_diff as diff } from './gen/containerd/services/diff/v1/diff_pb.ts';
import { file_containerd_services_images_v1_images as images } from './gen/containerd/services/images/v1/images_pb.ts';
import { file_containerd_services_introspection_v1_introspection as introspection } from './gen/containerd/services/introspection/v1/introspection_pb.ts';
import { file_containerd_services_leases_v1_leases as leases } from './gen/containerd/services/leases/v1/leases_pb.ts';
import { file_containerd_services_namespaces_v1_namespace as namespaces } from './gen/containerd/services/namespaces/v1/namespace_pb.ts';
import { file_containerd_services_snapshots_v1_snapshots as snapshots } from './gen/containerd/services/snapshots/v1/snapshots_pb.ts';
import { file_containerd_services_version_v1_version as version } from './gen/containerd/services/version/v1/version_pb.ts';
import { file_containerd_types_descriptor as descriptor } from './gen/containerd/types/descriptor_pb.ts';
import { file_containerd_types_introspection as runtimeInfo } from './gen/containerd/types/introspection_pb.ts';
import { file_containerd_types_mount as mount } from './gen/containerd/types/mount_pb.ts';
import { file_containerd_types_platform as platform } from './gen/containerd/types/platform_pb.ts';
import { file_cri_v1_api as cri } from './gen/cri/v1/api_pb.ts';

/** Tables that a program made of the published definitions. Not a part of this repository. */
const tables = join(import.meta.dirname, '../../../../shared/wire');

interface Table {
  readonly services: Readonly<Record<string, Readonly<Record<string, MethodRow>>>>;
  readonly messages: Readonly<Record<string, { readonly fields: readonly FieldRow[] }>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly files: Readonly<Record<string, FileRow>>;
}

interface MethodRow {
  readonly request: string;
  readonly response: string;
  readonly clientStreaming: boolean;
  readonly serverStreaming: boolean;
}

interface FieldRow {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly label?: 'repeated' | 'optional';
  readonly oneof?: string;
}

interface FileRow {
  readonly package: string;
  readonly services?: readonly string[];
  readonly messages?: readonly string[];
  readonly enums?: readonly string[];
}

const containerd = [
  content,
  diff,
  images,
  introspection,
  leases,
  namespaces,
  snapshots,
  version,
  descriptor,
  runtimeInfo,
  mount,
  platform,
];

compareWith('containerd-v1.json', containerd, (file) => file.name.replace(/^containerd\//, ''));
compareWith('cri-v1.json', [cri], () => 'api');

function compareWith(tableName: string, files: readonly DescFile[], nameInTable: (file: DescFile) => string): void {
  const path = join(tables, tableName);
  const missing = existsSync(path) ? false : `${tableName} is not on this machine`;
  describe(`our protobuf files and ${tableName}`, { skip: missing }, () => {
    const table = missing === false ? (JSON.parse(readFileSync(path, 'utf8')) as Table) : undefined;
    const registry = createRegistry(...files);
    for (const file of files)
      it(`say the same in ${file.name}.proto`, () => {
        const row = table!.files[`${nameInTable(file)}.proto`];
        assert.ok(row !== undefined, `no ${nameInTable(file)}.proto there`);
        assert.equal(file.proto.package, row.package);
        compareServices(file, table!, row);
        assert.deepEqual(file.messages.map(({ typeName }) => typeName).sort(), topLevel(row.messages).sort());
        for (const message of file.messages) compareMessage(message, table!);
        for (const name of row.enums ?? []) compareEnum(registry, name, table!.enums[name]!);
      });
  });
}

/** Without those that are nested in another of the list. */
function topLevel(names: readonly string[] = []): string[] {
  return names.filter((name) => !names.some((other) => name.startsWith(`${other}.`)));
}

function compareServices(file: DescFile, table: Table, row: FileRow): void {
  assert.deepEqual(file.services.map(({ typeName }) => typeName).sort(), [...(row.services ?? [])].sort());
  for (const { typeName, methods } of file.services) {
    const ours = methods.map(({ name, input, output, methodKind }) => [
      name,
      {
        request: input.typeName,
        response: output.typeName,
        clientStreaming: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
        serverStreaming: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
      },
    ]);
    assert.deepEqual(Object.fromEntries(ours), table.services[typeName]);
  }
}

function compareMessage(message: DescMessage, table: Table): void {
  const row = table.messages[message.typeName];
  assert.ok(row !== undefined, `no ${message.typeName} there`);
  const theirs = row.fields.map(({ name, number, type, label = '', oneof = '' }) => ({
    name,
    number,
    type,
    label,
    oneof,
  }));
  const byNumber = (a: { number: number }, b: { number: number }) => a.number - b.number;
  assert.deepEqual(message.fields.map(fieldRow).sort(byNumber), theirs.sort(byNumber), message.typeName);
  for (const nested of message.nestedMessages) compareMessage(nested, table);
}

function fieldRow(field: DescField): Record<keyof FieldRow, unknown> & { readonly number: number } {
  return {
    name: field.name,
    number: field.number,
    type: typeOf(field),
    label: field.fieldKind === 'list' ? 'repeated' : field.proto.proto3Optional ? 'optional' : '',
    oneof: field.oneof?.name ?? '',
  };
}

function typeOf(field: DescField): string {
  if (field.fieldKind === 'map') {
    const value = field.mapKind === 'scalar' ? scalarName(field.scalar) : (field.message ?? field.enum).typeName;
    return `map<${scalarName(field.mapKey)},${value}>`;
  }
  if (field.scalar !== undefined) return scalarName(field.scalar);
  return (field.message ?? field.enum).typeName;
}

function scalarName(scalar: ScalarType): string {
  const [name] = Object.entries(ScalarType).find(([, value]) => value === scalar)!;
  return name.toLowerCase();
}

function compareEnum(registry: Registry, name: string, theirs: Readonly<Record<string, number>>): void {
  const ours = registry.getEnum(name);
  assert.ok(ours !== undefined, `no ${name} here`);
  assert.deepEqual(Object.fromEntries(ours.values.map((each) => [each.name, each.number])), theirs);
}
