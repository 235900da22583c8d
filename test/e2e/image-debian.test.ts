import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCommand } from '../harness/command.ts';
import { debianTar } from '../harness/debian.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';

/** Path, type, mode, owner, time, target of a link, links and size of a file; one file system only. */
const listing = String.raw`find . -xdev -mindepth 1 -printf '%P %y %m %U %G %T@ %l ' \( -type f -printf '%n %s\n' -o -printf '\n' \)`;
/** What a running container has of its own; /etc gets new entries. */
const ofContainer = /^(?:proc|sys|dev(?:\/.*)?|etc|etc\/(?:hostname|hosts|resolv\.conf)) /;

test('a whole Debian goes through a registry into another store as debootstrap made it', async (t) => {
  for (const obstacle of [whySkipped, whyNoRegistry]) if (obstacle !== false) return t.skip(obstacle);
  const debian = debianTar();
  if ('obstacle' in debian) return t.skip(debian.obstacle);
  await using registry = await Registry.start();
  const name = `${registry.host}/debian:made`;
  {
    await using first = await Engine.start();
    await first.expect(['import', debian.tar, name]);
    await first.expect(['push', '-q', name]);
  }
  const folder = temporaryFolder(t);
  const made = await tree(await unpack(debian.tar, folder));
  assert.ok(made.length > 5000, `only ${made.length} files`);

  await using engine = await Engine.start();
  await engine.expect(['pull', '-q', name]);
  await t.test('a container sees every file as it was', async () => {
    const seen = await engine.expect(['run', '--rm', '--network', 'none', name, 'sh', '-c', `cd / && ${listing}`]);
    assert.deepEqual(lines(seen), withoutOwn(made));
  });
  await t.test('its programs run, with set-user-id and a dynamic loader', async () => {
    assert.match(await engine.expect(['run', '--rm', name, 'dpkg', '--verify']), /^(?:..5......\s+c? \/etc\/\S+\n)*$/);
    assert.equal(
      await engine.expect(['run', '--rm', '--user', '1', name, 'stat', '-c', '%a', '/usr/bin/passwd']),
      '4755',
    );
  });
  await t.test('umoci unpacks a copy of it to the same tree', async (each) => {
    if (!existsSync('/usr/bin/umoci')) return each.skip('umoci is not installed');
    const layout = `${path.join(folder, 'layout')}:made`;
    await engine.expect(['copy', '-q', `registry://${name}`, `oci:${layout}`]);
    const bundle = path.join(folder, 'bundle');
    await expectOk(['umoci', 'unpack', '--image', layout, bundle]);
    assert.deepEqual(await tree(path.join(bundle, 'rootfs')), made);
  });
});

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bte-debian-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function unpack(tar: string, folder: string): Promise<string> {
  const root = path.join(folder, 'made');
  mkdirSync(root);
  await expectOk(['tar', '--numeric-owner', '-xpf', tar, '-C', root]);
  return root;
}

async function tree(root: string): Promise<string[]> {
  return lines(await expectOk(['sh', '-c', listing], root), () => true);
}

function lines(text: string, isWanted = (line: string) => !ofContainer.test(line)): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && isWanted(line))
    .toSorted();
}

function withoutOwn(all: readonly string[]): string[] {
  return all.filter((line) => !ofContainer.test(line));
}

async function expectOk(argv: readonly string[], cwd?: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(argv, cwd === undefined ? {} : { cwd });
  assert.equal(code, 0, stderr);
  return stdout;
}
