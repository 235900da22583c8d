import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerFlag, listFlag, parseLine, switchFlag, textFlag } from './flag.ts';

const table = {
  bundle: textFlag('', { short: 'b' }),
  force: switchFlag('', { short: 'f' }),
  env: listFlag('', { short: 'e' }),
  limit: integerFlag('', { initial: -1 }),
} as const;

const parse = (line: string, stopAtArgument = false) =>
  parseLine(line === '' ? [] : line.split(' '), table, { stopAtArgument });

const lines: readonly (readonly [string, object, readonly string[]])[] = [
  ['', {}, []],
  ['--bundle /b id', { bundle: '/b' }, ['id']],
  ['-bundle /b id', { bundle: '/b' }, ['id']],
  ['--bundle=/b=c id', { bundle: '/b=c' }, ['id']],
  ['-b /b id', { bundle: '/b' }, ['id']],
  ['--b=/b id', { bundle: '/b' }, ['id']],
  ['--bundle= id', { bundle: '' }, ['id']],
  ['--bundle --force', { bundle: '--force' }, []],
  ['id --force', { force: true }, ['id']],
  ['--force=false id', { force: false }, ['id']],
  ['-f=T id', { force: true }, ['id']],
  ['-e A=1 -e B=2', { env: ['A=1', 'B=2'] }, []],
  ['--limit -1', { limit: -1 }, []],
  ['--limit=7', { limit: 7 }, []],
  ['id -- --force', {}, ['id', '--force']],
  ['id -', {}, ['id', '-']],
];

for (const [line, flags, args] of lines) {
  test(`'${line}' is read as runc reads it`, () => {
    const parsed = parse(line);
    assert.deepEqual(parsed.flags, { bundle: '', force: false, env: [], limit: -1, ...flags });
    assert.deepEqual(parsed.args, args);
  });
}

test('the first argument ends the flags where the rest is another command line', () => {
  const { flags, args } = parse('-f id ls -l --bundle x', true);
  assert.equal(flags.force, true);
  assert.deepEqual(args, ['id', 'ls', '-l', '--bundle', 'x']);
});

test('flags that were given are told from those with the same value by default', () => {
  assert.deepEqual([...parse('--limit -1 -b x').given], ['limit', 'bundle']);
});

test('help is asked for in any spelling', () => {
  for (const word of ['--help', '-h', '-help']) assert.equal(parse(`id ${word}`).help, true);
});

for (const [line, message] of [
  ['--nope', /flag provided but not defined: -nope/],
  ['-nope=1', /flag provided but not defined: -nope/],
  ['--constructor', /flag provided but not defined: -constructor/],
  ['--bundle', /flag needs an argument: -bundle/],
  ['--force=maybe', /invalid value "maybe" for flag -force/],
  ['--limit 1.5', /invalid value "1.5" for flag -limit/],
  ['--limit 99999999999999999999', /invalid value/],
] as const) {
  test(`'${line}' is refused`, () => {
    assert.throws(() => parse(line), { kind: 'invalid_argument', code: 'bad_flag', message });
  });
}
