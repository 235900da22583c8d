import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { HelpWanted, parseLine } from './parse.ts';
import { listFlag, numberFlag, switchFlag, textFlag } from './spec.ts';

const table = {
  detach: switchFlag('', { short: 'd' }),
  env: listFlag('', { short: 'e' }),
  interactive: switchFlag('', { short: 'i' }),
  'sig-proxy': switchFlag('', { initial: true }),
  name: textFlag(''),
  tail: numberFlag('', { short: 'n' }),
  tty: switchFlag('', { short: 't' }),
};

const parse = (line: string, stopAtArgument = false) =>
  parseLine(line === '' ? [] : line.split(' '), table, { stopAtArgument });

const given = (line: string, stopAtArgument = false) => {
  const { flags, args } = parse(line, stopAtArgument);
  const initial = parse('').flags;
  const changed = Object.entries(flags).filter(([name, value]) => {
    return JSON.stringify(value) !== JSON.stringify(initial[name as keyof typeof initial]);
  });
  return [Object.fromEntries(changed), args];
};

const lines: readonly (readonly [string, object, readonly string[]])[] = [
  ['', {}, []],
  ['-it', { interactive: true, tty: true }, []],
  ['-d=false', {}, []],
  ['-d=true --tty=1', { detach: true, tty: true }, []],
  ['--sig-proxy=false', { 'sig-proxy': false }, []],
  ['-e A=b -eC=d --env E=f --env=G=h=i', { env: ['A=b', 'C=d', 'E=f', 'G=h=i'] }, []],
  ['-e=A=b', { env: ['A=b'] }, []],
  ['-ie A', { interactive: true, env: ['A'] }, []],
  ['--name a --name b', { name: 'b' }, []],
  ['--name=', { name: '' }, []],
  ['--name -d', { name: '-d' }, []],
  ['-n5 x', { tail: 5 }, ['x']],
  ['-n -1', { tail: -1 }, []],
  ['a -d b', { detach: true }, ['a', 'b']],
  ['a -- -d b', {}, ['a', '-d', 'b']],
  ['-', {}, ['-']],
];

for (const [line, flags, args] of lines) {
  test(`'${line}' is read as docker reads it`, () => assert.deepEqual(given(line), [flags, args]));
}

test('the first argument ends the flags where the rest belongs to the container', () => {
  assert.deepEqual(given('-i alpine ls -l --name x', true), [
    { interactive: true },
    ['alpine', 'ls', '-l', '--name', 'x'],
  ]);
  assert.deepEqual(given('-- alpine -d', true), [{}, ['alpine', '-d']]);
  assert.deepEqual(given('alpine -- ls', true), [{}, ['alpine', '--', 'ls']]);
});

for (const [line, message] of [
  ['--nope', /unknown flag: --nope/],
  ['--nope=1', /unknown flag: --nope/],
  ['--constructor', /unknown flag: --constructor/],
  ['-ix', /unknown shorthand flag: 'x' in -ix/],
  ['--name', /flag needs an argument: --name/],
  ['-e', /flag needs an argument: 'e' in -e/],
  ['-d=maybe', /invalid argument "maybe" for "-d, --detach" flag/],
  ['--tail 1.5', /invalid argument "1.5" for "-n, --tail" flag/],
] as const) {
  test(`'${line}' is refused by the flag's name`, () => {
    assert.throws(
      () => parse(line),
      (error) => {
        assert.ok(error instanceof BerthError);
        assert.equal(error.code, 'bad_flag');
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('--help is found among other flags, and -h where it is free', () => {
  assert.throws(() => parse('-i --help'), HelpWanted);
  assert.throws(() => parse('-h'), HelpWanted);
});
