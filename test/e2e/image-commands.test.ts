import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { archive, manifestOf, ociLayout } from '../harness/archives.ts';
import type { CommandOptions, Ran } from '../harness/command.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';
import { Terminal } from '../harness/tty.ts';
import { ImageWorkplace } from './image-workplace.ts';
import { seed } from './registry-image.ts';
import { SlowRegistry } from './slow-registry.ts';

const password = 'a-word-that-nobody-sees';
const user = { username: 'user', password };

describe('the image commands', { skip: whySkipped || whyNoRegistry }, () => {
  let registry: Registry;
  let locked: Registry;
  let place: ImageWorkplace;
  let home: string;

  before(async () => {
    registry = await Registry.start();
    locked = await Registry.start({ htpasswd: user });
    place = await ImageWorkplace.open();
    home = place.file('home');
    mkdirSync(home);
  });
  after(async () => {
    await place[Symbol.asyncDispose]();
    await locked[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  /** The command of a user with a home folder of its own. */
  function berth(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
    const env = { HOME: home, XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home, DOCKER_CONFIG: path.join(home, '.docker') };
    return place.engine.berth(args, { ...options, env });
  }

  async function good(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await berth(args, options);
    assert.equal(code, 0, `berth ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Registries list them as they like. */
  async function tags(repository: string): Promise<readonly string[]> {
    return (await good(['tags', repository])).trimEnd().split('\n').toSorted();
  }

  it('copy moves an image through every kind of place, and its digest stays', async () => {
    const image = testImage({ compression: 'gzip' });
    const { digest } = manifestOf(image);
    const file = place.write(archive(ociLayout(image, 'first:1')));
    const layout = place.file('layout');
    const stops = [
      `oci-archive:${file}`,
      `${registry.host}/copied:1`,
      `oci:${layout}:x`,
      'berth://default/stored:1',
      `registry://${registry.host}/copied:2`,
      `dir:${place.file('dir')}`,
      `oci-archive:${place.file('out.tar')}:last:1`,
    ];
    for (const [at, from] of stops.entries()) {
      const to = stops[at + 1];
      if (to === undefined) break;
      assert.match(await good(['copy', from, to]), new RegExp(`^Digest: ${digest}\nCopied `), to);
    }
    assert.equal(await place.shell('stored:1', 'echo runs'), 'runs');
    assert.equal(await good(['manifest', '--digest', `${registry.host}/copied:2`]), `${digest}\n`);
    assert.equal(await good(['manifest', `oci:${layout}:x`]), manifestOf(image).bytes.toString());
    assert.deepEqual(await tags(`${registry.host}/copied`), ['1', '2']);
    assert.match(await good(['search', `${registry.host}/cop`]), new RegExp(`^NAME\n${registry.host}/copied\n$`));
  });

  it('copy tells what went, and sends nothing twice', async () => {
    await seed(registry, 'twice:1', testImage({ compression: 'gzip' }));
    const to = `${registry.host}/other/twice`;
    const digestfile = place.file();
    const again = ['copy', '--additional-tag', `${to}:3`, '--digestfile', digestfile, `${registry.host}/twice:1`];
    await good([...again, `${to}:1`]);
    assert.match(await good([...again, `${to}:2`]), /\nCopied 0B, .* were there already\n$/);
    assert.match(readFileSync(digestfile, 'utf8'), /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(await tags(to), ['1', '2', '3']);
    const lines = (await good(['copy', '--progress', 'json', `${registry.host}/twice:1`, `${to}:4`]))
      .trimEnd()
      .split('\n');
    assert.ok('copied' in (JSON.parse(lines.at(-1) ?? '') as object));
    assert.equal(await good(['copy', '-q', `${registry.host}/twice:1`, `${to}:5`]), '');
  });

  it('copy says what is wrong with its places', async () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['nowhere:///x', 'oci:/tmp/x', /unknown kind 'nowhere'\nhint: a place reads/],
      [`oci-archive:/nonexistent/x.tar`, 'dir:/nonexistent/y', /nonexistent/],
      [`${registry.host}/UPPER:1`, 'dir:/nonexistent/y', /capital letters/],
      [`${registry.host}/nothing:1`, `dir:${place.file()}`, /nothing/],
      [`${locked.host}/secret:1`, `dir:${place.file()}`, /hint: berth login/],
    ];
    for (const [from, to, message] of cases) {
      const { code, stdout, stderr } = await berth(['copy', '--retry-times', '0', from, to]);
      assert.equal(code, 1, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    }
  });

  it('login keeps what the registry takes, for every later command, and logout forgets it', async () => {
    await seed(registry, 'mine:1', testImage({ compression: 'gzip' }));
    const wrong = await berth(['login', '-u', user.username, '--password-stdin', locked.host], { input: 'wrong' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /does not accept these credentials/);
    const login = await berth(['login', '-u', user.username, '--password-stdin', locked.host], { input: password });
    assert.equal(login.stdout, 'Login Succeeded\n', login.stderr);
    assert.match(login.stderr, /stored unencrypted in '.*config.json'/);
    const secret = `${locked.host}/mine:1`;
    await good(['copy', `${registry.host}/mine:1`, secret]);
    assert.match(await good(['pull', secret]), /Downloaded newer image/);
    await good(['tag', secret, `${locked.host}/mine:2`]);
    assert.match(await good(['push', `${locked.host}/mine:2`]), /^The push refers .*\n2: digest: sha256:/);
    assert.match(await good(['logout', locked.host]), /^Removing login credentials/);
    assert.match(await good(['logout', locked.host]), /^Not logged in/);
    const refused = await berth(['pull', secret]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /hint: berth login/);
    await good(['pull', '-q', '--creds', `${user.username}:${password}`, secret]);
    assert.ok(!place.engine.log.includes(password), 'the daemon wrote the password');
  });

  it('login asks at a terminal, and what is typed for the password is not shown', async () => {
    const { argv, env } = place.engine.command(['login', locked.host]);
    await using terminal = new Terminal(argv, { env: { ...env, DOCKER_CONFIG: place.file('typed') } });
    await terminal.until('Username: ');
    terminal.type('usex\x7fr\r');
    await terminal.until('Password: ');
    terminal.type(`${password}\r`);
    await terminal.until('Login Succeeded');
    assert.equal(await terminal.exit, 0);
    assert.ok(!terminal.shown.includes(password));
    const kept = readFileSync(path.join(place.file('typed'), 'config.json'), 'utf8');
    const auth = Buffer.from(`${user.username}:${password}`).toString('base64');
    assert.ok(kept.includes(auth), kept);
  });

  it('run pulls what is missing, once', async () => {
    await seed(registry, 'run/me:1', testImage({ compression: 'gzip' }));
    const ref = `${registry.host}/run/me:1`;
    const never = await berth(['run', '--rm', '--pull', 'never', ref, 'true']);
    assert.equal(never.code, 125);
    const first = await berth(['run', '--rm', ref, 'echo', 'hi']);
    assert.deepEqual([first.code, first.stdout], [0, 'hi\n']);
    assert.match(first.stderr, /^Unable to find image '.*\/run\/me:1' locally\n[^]*Status: Downloaded newer image/);
    const second = await berth(['run', '--rm', ref, 'echo', 'hi']);
    assert.deepEqual([second.code, second.stdout, second.stderr], [0, 'hi\n', '']);
    const absent = await berth(['run', '--rm', `${registry.host}/run/nobody:1`]);
    assert.equal(absent.code, 125);
    assert.match(absent.stderr, /^Unable to find image .*\nberth: .*run\/nobody/);
  });

  it('Ctrl-C in a pull ends it, and nothing of it is seen', async () => {
    await using slow = await SlowRegistry.before(registry);
    const big = [{ path: 'big', body: randomBytes(8 << 20) }];
    await seed(registry, 'slow:1', testImage({ layers: [busybox(), big], compression: 'gzip' }));
    slow.pause = 50;
    const { argv, env } = place.engine.command(['pull', `${slow.host}/slow:1`]);
    await using terminal = new Terminal(argv, { env });
    await terminal.until(/downloading \[=*> *\]/);
    terminal.type('\x03');
    assert.equal(await terminal.exit, 130);
    assert.ok(!(await place.names()).some((name) => name.includes('slow')));
  });

  it('Ctrl-C in a copy leaves no half archive and no temporary files', async () => {
    await using slow = await SlowRegistry.before(registry);
    const big = [{ path: 'big', body: randomBytes(8 << 20) }];
    await seed(registry, 'slow:2', testImage({ layers: [busybox(), big], compression: 'gzip' }));
    slow.pause = 50;
    const folder = place.file('interrupted');
    mkdirSync(folder);
    const scratch = place.file('scratch');
    mkdirSync(scratch);
    const { argv, env } = place.engine.command(['copy', `${slow.host}/slow:2`, `oci-archive:${folder}/x.tar`]);
    await using terminal = new Terminal(argv, { env: { ...env, TMPDIR: scratch } });
    await terminal.until(/copying \[=*> *\]/);
    terminal.type('\x03');
    assert.equal(await terminal.exit, 130);
    assert.deepEqual(readdirSync(folder), []);
    assert.deepEqual(readdirSync(scratch), []);
  });

  it('save and export are refused at a terminal', async () => {
    for (const verb of ['save', 'export']) {
      const { argv, env } = place.engine.command([verb, 'x']);
      await using terminal = new Terminal(argv, { env });
      assert.equal(await terminal.exit, 1);
      assert.match(terminal.shown, new RegExp(`cowardly refusing to ${verb} to a terminal`));
    }
  });

  it('history, gc --explain and system df tell of an image, prune takes it away', async () => {
    const image = testImage({ layers: [busybox(), [{ path: 'mark', body: 'history' }]] });
    await place.load(ociLayout(image, 'told:1'));
    assert.match(await good(['history', 'told:1']), /^IMAGE .*\n[0-9a-f]{12} .*layer 1.*\n<missing> .*layer 0/);
    const layer = image.layers[1]!.digest;
    const held = await good(['gc', '--explain', layer]);
    assert.match(held, /image docker\.io\/library\/told:1 in .*default/);
    assert.ok(held.includes(manifestOf(image).digest), held);
    assert.match(await good(['system', 'df']), /^TYPE[^]*\nImages [^]*\nAll /);
    assert.match(await good(['system', 'df', '-v']), /\ntold +1 /);
    await good(['create', '--name', 'user', 'told:1']);
    assert.ok(!(await good(['image', 'prune', '-af'])).includes('told:1'));
    await good(['rm', 'user']);
    assert.match(await good(['image', 'prune', '-af']), /untagged: told:1\n[^]*Total reclaimed space: [1-9]/);
    assert.equal(await good(['images', '-q']), '');
    await good(['gc']);
    assert.match((await berth(['gc', '--explain', layer])).stderr, /no content sha256:/);
  });

  it('system prune removes stopped containers too, and only those that match', async () => {
    await place.load(ociLayout(testImage(), 'prune:1'));
    for (const label of ['keep', 'go']) await good(['create', '--name', label, '--label', label, 'prune:1']);
    await good(['run', '-d', '--name', 'runs', 'prune:1', 'sleep', '1000']);
    await good(['system', 'prune', '-f', '--filter', 'label!=keep']);
    assert.equal(await good(['ps', '-a', '--format', '{{.Names}}']), 'runs\nkeep\n');
    await good(['rm', '-f', 'runs', 'keep']);
  });

  it('images that are here in several namespaces are each namespace’s own', async () => {
    await place.load(ociLayout(testImage(), 'mine:1'));
    await good(['namespace', 'create', '--label', 'a=b', 'lonely']);
    assert.equal(await good(['-n', 'lonely', 'images', '-q']), '');
    assert.match(await good(['namespace', 'ls']), /\nlonely +a=b\n/);
    writeFileSync(place.file('other.tar'), archive(ociLayout(testImage(), 'theirs:1')));
    await good(['-n', 'lonely', 'load', '-q', '-i', place.file('other.tar')]);
    assert.equal(await good(['-n', 'lonely', 'run', '--rm', 'theirs:1', 'echo', 'here']), 'here\n');
    assert.ok(!(await place.names()).includes('theirs:1'));
    assert.match((await berth(['namespace', 'rm', 'lonely'])).stderr, /not empty/);
    await good(['-n', 'lonely', 'create', '--name', 'inside', 'theirs:1']);
    assert.ok((await good(['ps', '-a'])).includes('inside'));
    assert.ok(!(await good(['-n', 'default', 'ps', '-a'])).includes('inside'));
    await good(['-n', 'lonely', 'rm', 'inside']);
    await good(['namespace', 'share', 'lonely', 'default']);
    assert.ok((await place.names()).includes('theirs:1'));
    await good(['namespace', 'share', '--none', 'lonely']);
    // What it shared stays its own.
    assert.match(await good(['-n', 'lonely', 'images']), /\nmine /);
    await good(['-n', 'lonely', 'image', 'prune', '-af']);
    await good(['namespace', 'rm', 'lonely']);
    assert.match((await berth(['namespace', 'share', 'x'])).stderr, /either a group or --none/);
  });

  it('leases are made, listed and ended', async () => {
    assert.equal(await good(['lease', 'create', '--ttl', '1h', 'mine']), 'mine\n');
    assert.match(await good(['lease', 'ls']), /\nmine +2\d{3}-.*Z +2\d{3}-.*Z/);
    assert.equal((await berth(['lease', 'create', 'mine'])).code, 1);
    assert.equal(await good(['lease', 'rm', '--sync', 'mine']), 'mine\n');
    assert.equal(await good(['lease', 'ls', '-q']), '');
  });
});
