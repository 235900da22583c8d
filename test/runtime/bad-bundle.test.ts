import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { validateResources } from '@berth/runtime/validate/validate';
import { template } from '@berth/runtime/template/template';

const main = new URL('../../packages/runtime/src/command/main.ts', import.meta.url).pathname;
const input = new URL('../../packages/runtime/src/bundle/input.ts', import.meta.url).pathname;

let folder: string;
const bundle = () => join(folder, 'bundle');
const root = () => join(folder, 'root');
const log = () => join(folder, 'log');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-bad-bundle-'));
  mkdirSync(join(bundle(), 'rootfs'), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function node(args: readonly string[], text = ''): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdin.end(text);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function config(text: string): void {
  writeFileSync(join(bundle(), 'config.json'), text);
}

const spec = template({ cgroupVersion: 1 });
const withLinux = (linux: object) => JSON.stringify({ ...spec, linux: { ...spec.linux, ...linux } });

/** What is in the bundle, and what the log must say. */
const cases: readonly (readonly [name: string, make: () => void, message: RegExp])[] = [
  ['no bundle', () => rmSync(bundle(), { recursive: true }), /bundle .* does not exist/],
  ['no config', () => undefined, /config\.json/],
  ['a config that is not JSON', () => config('{\n"a": }'), /line 2, column 6/],
  ['a config of another shape', () => config('[]'), /spec: must be an object/],
  [
    'a member of another type',
    () => config(JSON.stringify({ ...spec, process: { ...spec.process, args: 'sh' } })),
    /process\.args: must be a list/,
  ],
  [
    'a host name without a namespace for it',
    () => config(withLinux({ namespaces: [{ type: 'mount' }] })),
    /hostname: needs a uts namespace/,
  ],
  [
    'a setting of the host',
    () => config(withLinux({ sysctl: { 'kernel.pid_max': '100' } })),
    /linux\.sysctl\["kernel\.pid_max"\]/,
  ],
  [
    "a setting of the host's own network, joined by path",
    () =>
      config(
        JSON.stringify({
          ...spec,
          hostname: '',
          linux: {
            namespaces: [{ type: 'mount' }, { type: 'network', path: '/proc/self/ns/net' }],
            sysctl: { 'net.ipv4.ip_forward': '1' },
          },
        }),
      ),
    /would change the host/,
  ],
  [
    'no root file system',
    () => {
      config(JSON.stringify(spec));
      rmSync(join(bundle(), 'rootfs'), { recursive: true });
    },
    /root\.path: .*rootfs does not exist/,
  ],
];

describe('berth-oci create refuses, names the member, and leaves nothing', () => {
  for (const [name, make, message] of cases) {
    test(name, async () => {
      make();
      const args = ['--root', root(), '--log', log(), '--log-format', 'json', 'create', '--bundle', bundle(), 'bad'];
      const { code, stderr } = await node([main, ...args]);
      assert.equal(code, 1, stderr);
      const lines = readFileSync(log(), 'utf8').trim().split('\n');
      const last = JSON.parse(lines.at(-1)!) as { level: string; msg: string };
      assert.equal(last.level, 'error');
      assert.match(last.msg, message);
      assert.deepEqual(existsSync(root()) ? readdirSync(root()) : [], []);
    });
  }
});

describe('resources on standard input', () => {
  const script = `import { readResources } from '${input}'; console.log(JSON.stringify(readResources('-').value));`;

  test('are read to their end', async () => {
    const resources = { unified: { 'memory.high': 'x'.repeat(200_000) } };
    const { stdout, stderr } = await node(['--input-type=module', '-e', script], JSON.stringify(resources));
    assert.deepEqual(JSON.parse(stdout || stderr), validateResources(resources).value);
  });

  test('that are wrong are named as such', async () => {
    const { code, stderr } = await node(['--input-type=module', '-e', script], '{"memory": ');
    assert.notEqual(code, 0);
    assert.match(stderr, /standard input is not JSON: line 1, column 12/);
  });
});
