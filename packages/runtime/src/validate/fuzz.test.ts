import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BerthError } from '@berth/model/error';
import fc from 'fast-check';
import { parseJson } from '../bundle/json-text.ts';
import { buildSpec } from '../defaults/spec.ts';
import { badSpecs } from './example/all.ts';
import { SpecError } from './finding.ts';
import { validateProcess, validateResources, validateRootless, validateSpec } from './validate.ts';

const text = JSON.stringify(
  buildSpec(
    { rootPath: '/r', args: ['sh'], hostname: 'h', seccomp: 'unconfined', memory: 1 << 20 },
    { architecture: 'x64', kernel: '6.18.0' },
  ),
);

/** Texts and numbers that mean something somewhere in a spec, beside any others. */
const words = [
  ...new Set(
    JSON.stringify(
      badSpecs.map(([, , change]) => change),
      plain,
    ).match(/"[^"\\]+"/g) ?? [],
  ),
];
const value = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue(),
    fc.constantFrom(...words.map((word) => JSON.parse(word) as string)),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.integer(),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom(...words, '"__proto__"').map((word) => JSON.parse(word) as string),
      tie('tree'),
      {
        maxKeys: 5,
      },
    ),
  ),
})).tree;

function plain(_key: string, each: unknown): unknown {
  return typeof each === 'bigint' ? Number(each) : each;
}

/** Only a SpecError may come out, and its findings are whole. */
function answers(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    assert.ok(error.findings.every(({ code, path, message, hint }) => code && message && hint && path !== undefined));
  }
}

/** The places of all members of a tree, as keys to follow. */
function places(tree: unknown, at: readonly string[] = []): string[][] {
  if (typeof tree !== 'object' || tree === null) return [[...at]];
  return [[...at], ...Object.entries(tree).flatMap(([key, each]) => places(each, [...at, key]))];
}

function replaced(tree: unknown, [key, ...rest]: readonly string[], put: unknown): unknown {
  if (key === undefined) return put;
  const copy = (Array.isArray(tree) ? [...(tree as unknown[])] : { ...(tree as object) }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, put);
  return copy;
}

describe('whatever is in the file, the answer is a spec or a SpecError', () => {
  const runs = { numRuns: 2000 };

  test('for any JSON value', () => {
    fc.assert(
      fc.property(value, (tree) => {
        answers(() => validateRootless(validateSpec(tree).spec));
        answers(() => validateProcess(tree));
        answers(() => validateResources(tree));
      }),
      runs,
    );
  });

  test('for a good spec with any value in any place', () => {
    const spec: unknown = JSON.parse(text);
    fc.assert(
      fc.property(fc.constantFrom(...places(spec)), value, (place, put) => {
        answers(() => validateRootless(validateSpec(replaced(spec, place, put)).spec));
      }),
      runs,
    );
  });

  test('for two bad specs at once', () => {
    const change = fc.constantFrom(...badSpecs.map(([, , each]) => each));
    fc.assert(
      fc.property(change, change, (one, two) => {
        const spec = Object.entries({ ...one, ...two }).reduce<unknown>(
          (tree, [path, put]) => replaced(tree, path.split('.'), put),
          JSON.parse(text),
        );
        answers(() => validateRootless(validateSpec(spec).spec));
      }),
      runs,
    );
  });

  test('validating twice changes nothing more', () => {
    fc.assert(
      fc.property(value, (tree) => {
        let spec: unknown;
        try {
          ({ spec } = validateSpec(replaced(JSON.parse(text), ['annotations'], tree)));
        } catch {
          return;
        }
        assert.deepEqual(validateSpec(spec).spec, spec);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the reader of JSON', () => {
  test('takes any text apart, or says where it is wrong', () => {
    const broken = fc
      .tuple(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 6 }))
      .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(broken, fc.string(), fc.json()), (source) => {
        try {
          parseJson(source, 'f');
        } catch (error) {
          assert.ok(error instanceof BerthError);
          assert.match(error.message, /^f is not JSON: line \d+, column \d+: ./);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('keeps every digit of whole numbers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (number) => {
        const [found] = parseJson(`[${number}]`, 'f') as [number | bigint];
        assert.equal(BigInt(found), number);
      }),
    );
  });
});
