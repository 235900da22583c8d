import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '@berth/model/error';
import { parseByteSize, parseByteSizeOrUnlimited } from './byte-size.ts';
import { parseCpus } from './cpu-count.ts';
import { parseEnvironmentFile, resolveVariable } from './environment.ts';
import { parseLabels, parsePair } from './key-value.ts';
import { parseMount, parseTmpfs } from './mount.ts';
import { parseSecurityOptions } from './security-option.ts';
import { parseUlimit } from './ulimit.ts';
import { parseVolume } from './volume.ts';

const refused = (error: unknown) => isKind(error, 'invalid_argument');

test('sizes are powers of 1024 in docker’s spellings', () => {
  const sizes = {
    '100': 100,
    '64b': 64,
    '512m': 512 << 20,
    '1g': 1 << 30,
    '1.5GiB': 1.5 * (1 << 30),
    '64 kb': 65536,
    '2T': 2 * 2 ** 40,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseByteSize(text), bytes, text);
  for (const text of ['', 'm', '-1', '1x', '1mm', 'abc', '1..5g', '9999999p']) {
    assert.throws(() => parseByteSize(text), refused, text);
  }
  assert.equal(parseByteSizeOrUnlimited('-1'), -1);
});

test('cores become billionths without a rounding error', () => {
  const cores = { '1': 1e9, '0.5': 5e8, '.25': 25e7, '1.5': 15e8, '0.1': 1e8, '2.': 2e9, '0.000000001': 1 };
  for (const [text, nano] of Object.entries(cores)) assert.equal(parseCpus(text), nano, text);
  for (const text of ['', '.', '-1', 'one', '0.0000000001', '1e3']) assert.throws(() => parseCpus(text), refused, text);
});

test('a variable without a value takes the client’s, and is left out when there is none', () => {
  const env = { HOME: '/root' };
  assert.deepEqual(resolveVariable('A=b=c', env), ['A=b=c']);
  assert.deepEqual(resolveVariable('A=', env), ['A=']);
  assert.deepEqual(resolveVariable('HOME', env), ['HOME=/root']);
  assert.deepEqual(resolveVariable('NOPE', env), []);
  assert.throws(() => resolveVariable('=b', env), refused);
});

test('an environment file holds lines, comments and bare names', () => {
  const text = '\uFEFF# comment\n\nA=b\r\n  C=with space # kept \nHOME\nNOPE\nE="quoted"\n';
  const lines = parseEnvironmentFile(text, { file: 'x', env: { HOME: '/h' } });
  assert.deepEqual(lines, ['A=b', 'C=with space # kept ', 'HOME=/h', 'E="quoted"']);
  assert.throws(() => parseEnvironmentFile('A B=c', { file: 'x', env: {} }), refused);
  assert.throws(() => parseEnvironmentFile('=c', { file: 'x', env: {} }), refused);
});

test('labels may lack a value, pairs may not', () => {
  assert.deepEqual(parseLabels(['a=b=c', 'd']), { a: 'b=c', d: '' });
  assert.deepEqual(parsePair('net.core.somaxconn=1=2'), ['net.core.somaxconn', '1=2']);
  assert.throws(() => parsePair('x'), refused);
});

test('ulimits have a soft and a hard value', () => {
  assert.deepEqual(parseUlimit('nofile=1024:2048'), { name: 'nofile', soft: 1024, hard: 2048 });
  assert.deepEqual(parseUlimit('core=-1'), { name: 'core', soft: -1, hard: -1 });
  assert.deepEqual(parseUlimit('nproc=5:-1'), { name: 'nproc', soft: 5, hard: -1 });
  for (const text of ['nofile', 'nofile=', 'nofile=2:1', 'nofile=-1:5', 'nope=1', 'nofile=a']) {
    assert.throws(() => parseUlimit(text), refused, text);
  }
});

test('a volume is a bind mount whose source is made', () => {
  const made = { createSource: true };
  assert.deepEqual(parseVolume('/a:/b'), { source: '/a', target: '/b', ...made });
  assert.deepEqual(parseVolume('/a:/b:ro,rslave,z'), {
    source: '/a',
    target: '/b',
    readonly: true,
    propagation: 'rslave',
    ...made,
  });
  assert.deepEqual(parseVolume('./x:/b', '/home'), { source: '/home/x', target: '/b', ...made });
  assert.deepEqual(parseVolume('../x:/b', '/home/y'), { source: '/home/x', target: '/b', ...made });
  for (const text of ['/a:b', '/a:/', '/a:/b:bogus', '/a:/b:ro:x', ':/b', '/a:'])
    assert.throws(() => parseVolume(text), refused, text);
});

test('a named volume is told apart from a mistake', () => {
  for (const text of ['data:/b', '/b'])
    assert.throws(
      () => parseVolume(text),
      (error) => isKind(error, 'unimplemented') && error.code === 'named_volume',
    );
});

test('mounts are read in docker’s CSV form', () => {
  const bind = (text: string) => parseMount(text);
  assert.deepEqual(bind('type=bind,source=/a,target=/b'), { bind: { source: '/a', target: '/b' } });
  assert.deepEqual(bind('type=bind,src=/a,dst=/b,ro,bind-propagation=rshared'), {
    bind: { source: '/a', target: '/b', readonly: true, propagation: 'rshared' },
  });
  assert.deepEqual(bind('type=bind,"source=/a,b",destination=/b,readonly=false'), {
    bind: { source: '/a,b', target: '/b' },
  });
  assert.deepEqual(bind('type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770'), {
    tmpfs: { target: '/t', options: [`size=${64 << 20}`, 'mode=1770'] },
  });
  for (const text of [
    'type=bind,source=/a',
    'type=bind,target=/b',
    'type=bind,source=a,target=/b',
    'type=nope,target=/b',
    'type=bind,foo=1',
    'type=bind,source=/a,target=/b,tmpfs-size=1',
    'type=tmpfs,target=/t,source=/a',
    'type=tmpfs,target=/t,tmpfs-mode=9',
    'source',
  ]) {
    assert.throws(() => parseMount(text), refused, text);
  }
  assert.throws(
    () => parseMount('source=data,target=/b'),
    (error) => isKind(error, 'unimplemented'),
  );
});

test('a tmpfs has a target and options', () => {
  assert.deepEqual(parseTmpfs('/run'), { target: '/run', options: [] });
  assert.deepEqual(parseTmpfs('/run:rw,size=64m'), { target: '/run', options: ['rw', 'size=64m'] });
  assert.throws(() => parseTmpfs('run'), refused);
});

test('security options in both of docker’s forms', () => {
  assert.deepEqual(parseSecurityOptions(['seccomp=unconfined', 'no-new-privileges']), {
    seccomp: 'unconfined',
    noNewPrivileges: true,
  });
  assert.deepEqual(parseSecurityOptions(['seccomp:unconfined', 'no-new-privileges:false']), {
    seccomp: 'unconfined',
    noNewPrivileges: false,
  });
  assert.deepEqual(parseSecurityOptions(['apparmor=unconfined', 'label=disable']), {});
  for (const text of ['foo', 'seccomp=', 'seccomp=/nope/nope', 'seccomp=/dev/null'])
    assert.throws(() => parseSecurityOptions([text]), refused, text);
});

test('no text makes a value parser fail with anything but a refusal', () => {
  const parsers = [parseByteSize, parseCpus, parseUlimit, parseMount, parseTmpfs, parseVolume];
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z=,:./0-9-]{0,30}$/));
  fc.assert(
    fc.property(text, fc.constantFrom<(text: string) => unknown>(...parsers), (value, parse) => {
      try {
        parse(value);
      } catch (error) {
        return isKind(error, 'invalid_argument') || isKind(error, 'unimplemented');
      }
      return true;
    }),
  );
});
