import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isKind } from '@berth/model/error';
import { badSpecs } from './example/all.ts';
import type { Change } from './example/example.ts';
import { hostSpecs } from './example/host.ts';
import { oddSpecs, rootSpecs } from './example/odd.ts';
import { document, documentedCodes } from './document.ts';
import { SpecError } from './finding.ts';
import type { Finding } from './finding.ts';
import { thisHost } from './host-view.ts';
import type { HostView } from './host-view.ts';
import { validateHost, validateProcess, validateResources, validateRootless, validateSpec } from './validate.ts';

type Tree = Record<string, unknown>;

/** A good spec with members set by path. */
function changed(change: Change): Tree {
  const spec: Tree = {
    ociVersion: '1.3.0',
    process: { args: ['sh'], cwd: '/' },
    root: { path: 'rootfs' },
    linux: { namespaces: ['mount', 'pid', 'network', 'ipc', 'uts'].map((type) => ({ type })), resources: {} },
  };
  for (const [path, value] of Object.entries(change)) {
    const keys = path.split('.');
    const last = keys.pop()!;
    const holder = keys.reduce<Tree>((at, key) => at[key] as Tree, spec);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return spec;
}

function failure(action: () => unknown): SpecError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof SpecError, `not a SpecError: ${String(error)}`);
    return error;
  }
  assert.fail('nothing was thrown');
}

const short = (findings: readonly Finding[]) => findings.map(({ code, path }) => `${code} ${path}`);

describe('a bad spec is refused with one code and one path', () => {
  for (const [code, path, change] of badSpecs) {
    test(`${code} at ${path}: ${JSON.stringify(change, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 90)}`, () => {
      const error = failure(() => validateSpec(changed(change)));
      assert.deepEqual(short(error.findings), [`${code} ${path}`]);
      assert.ok(isKind(error, 'invalid_argument'));
      assert.equal(error.code, code);
      assert.ok(error.hint, 'a finding says what to do');
      assert.ok(error.message.startsWith(`${path}: `), error.message);
    });
  }
});

describe('an odd spec runs, with a warning', () => {
  for (const [code, path, change] of oddSpecs) {
    test(`${code} at ${path}`, () => {
      assert.deepEqual(short(validateSpec(changed(change)).warnings), [`${code} ${path}`]);
    });
  }
});

describe('a caller that is not root', () => {
  for (const [code, path, change] of rootSpecs) {
    test(`${code} at ${path}`, () => {
      const { spec } = validateSpec(changed(change));
      assert.deepEqual(short(failure(() => validateRootless(spec)).findings), [`${code} ${path}`]);
    });
  }
});

describe('on this machine', () => {
  const host: HostView = {
    own: (type) => (type === 'time' ? undefined : type),
    behind: (path) => /^\/proc\/1\/ns\/(.*)/.exec(path)?.[1],
  };

  for (const [code, path, change] of hostSpecs) {
    test(`${code} at ${path}`, () => {
      const { spec } = validateSpec(changed(change));
      assert.deepEqual(short(failure(() => validateHost(spec, host)).findings), [`${code} ${path}`]);
    });
  }

  test('its own namespaces are told from others', () => {
    const path = '/proc/self/ns/net';
    assert.ok(thisHost.own('network'));
    assert.equal(thisHost.behind(path), thisHost.own('network'));
    assert.notEqual(thisHost.behind('/proc/self/ns/uts'), thisHost.own('network'));
    assert.equal(thisHost.behind('/proc/self/ns/moon'), undefined);
    const { spec } = validateSpec(changed({ 'linux.namespaces': [{ type: 'mount' }, { type: 'network', path }] }));
    validateHost(spec);
    const sysctl = { 'net.ipv4.ip_forward': '1' };
    assert.throws(() => validateHost({ ...spec, linux: { ...spec.linux, sysctl } }), {
      code: 'spec.host_namespace_changed',
    });
  });
});

describe('findings', () => {
  test('the spec that the bad ones are made from is good', () => {
    assert.deepEqual(validateSpec(changed({})).warnings, []);
  });

  test('all are in one error, and the message counts them', () => {
    const { findings, message } = failure(() => validateSpec({ ociVersion: 1, mounts: 'x', linux: { devices: 3 } }));
    assert.equal(findings.length, 5);
    assert.match(message, /^ociVersion: .* \(and 4 more\)$/);
  });

  test('contradictions are all told at once too', () => {
    const { findings } = failure(() => validateSpec(changed({ 'process.cwd': 'x', hostname: 'h'.repeat(99) })));
    assert.deepEqual(short(findings), ['spec.hostname_too_long hostname', 'spec.cwd_relative process.cwd']);
  });

  test('paths of a process and of resources are relative to the file', () => {
    const process = failure(() => validateProcess({ args: ['sh'], cwd: 'x' }));
    assert.deepEqual(short(process.findings), ['spec.cwd_relative cwd']);
    const resources = failure(() => validateResources({ memory: { limit: -7 } }));
    assert.deepEqual(short(resources.findings), ['spec.memory_negative memory.limit']);
  });
});

describe('codes', () => {
  const codes = documentedCodes().map(([code]) => code);

  test('are unique', () => {
    assert.equal(new Set(codes).size, codes.length);
  });

  test('each of a spec has an example here', () => {
    const shown = new Set([...badSpecs, ...oddSpecs, ...rootSpecs, ...hostSpecs].map(([code]) => code));
    assert.deepEqual(
      codes.filter((code) => code.startsWith('spec.') && !shown.has(code)),
      [],
    );
    assert.ok(badSpecs.length >= 120, `${badSpecs.length} bad specs`);
  });

  test('are documented in docs/spec-errors.md as the tables have them', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/spec-errors.md'), 'utf8');
    assert.equal(page, document(), 'node packages/runtime/src/validate/document.ts > docs/spec-errors.md');
  });
});
