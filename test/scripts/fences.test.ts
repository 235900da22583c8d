import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importList } from '../../scripts/fence/import-list.ts';
import { breachesOf } from '../../scripts/fences.ts';

const dependencies = {
  engine: ['@berth/model', '@berth/image', '@berth/wire', 'valibot'],
  cli: ['@berth/sdk'],
  model: [],
};

function reasons(file: string, source: string): string[] {
  return breachesOf(file, source, dependencies).map(({ place, reason }) => `${place.split(':')[1]} ${reason}`);
}

test('imports are found in every form, and types are told from values', () => {
  const source = [
    "import a from './a.ts';",
    "import type { B } from './b.ts';",
    "import { type C, type D } from './c.ts';",
    'import {',
    '  type E,',
    '  f,',
    "} from './e.ts';",
    "export * from './g.ts';",
    "export type { H } from './h.ts';",
    "import './i.ts';",
    "const lazy = () => import('./j.ts');",
    "// a comment that says import x from './no.ts'",
  ].join('\n');
  const found = importList(source).map(
    ({ specifier, line, typeOnly }) => `${line}${specifier}${typeOnly ? ' type' : ''}`,
  );
  assert.deepEqual(found, [
    '1./a.ts',
    '2./b.ts type',
    '3./c.ts type',
    '4./e.ts',
    '8./g.ts',
    '9./h.ts type',
    '10./i.ts',
    '11./j.ts',
  ]);
});

test('the allowed directions pass', () => {
  assert.deepEqual(
    reasons('packages/engine/src/service/image/load.ts', "import { x } from '@berth/image/tar/entry';"),
    [],
  );
  assert.deepEqual(reasons('packages/engine/src/service/image/load.ts', "import { x } from '#store/content';"), []);
  assert.deepEqual(
    reasons('packages/engine/src/api/native/a.ts', "import type { X } from '#service/image/contract';"),
    [],
  );
  assert.deepEqual(reasons('packages/engine/src/daemon/compose.ts', "import { x } from '#store/open-stores';"), []);
  assert.deepEqual(reasons('packages/model/src/digest.ts', "import { createHash } from 'node:crypto';"), []);
});

test('a breach is named with its place', () => {
  const cases: readonly (readonly [file: string, source: string, reason: RegExp])[] = [
    ['packages/model/src/a.ts', "import { readFile } from 'node:fs';", /no I\/O/],
    ['packages/model/src/a.ts', "import { x } from '@berth/image/tar';", /does not declare/],
    ['packages/cli/src/a.ts', "import { x } from '../../engine/src/daemon/main.ts';", /relative path into another/],
    ['packages/engine/src/service/a/b.ts', "import { x } from '#store/content/local';", /service may not import store/],
    ['packages/engine/src/service/a/b.ts', "import { x } from '#store/open-stores';", /service may not import store/],
    ['packages/engine/src/service/a/b.ts', "import { x } from '../../store/content.ts';", /#layer/],
    ['packages/engine/src/store/gc/a.ts', "import { x } from '@berth/image/tar';", /store may not import image/],
    ['packages/engine/src/store/content.ts', "import { x } from './content/local.ts';", /store contract may not/],
    ['packages/engine/src/api/native/a.ts', "import { x } from '#service/image/contract';", /only types/],
    [
      'packages/engine/src/api/cri/a.ts',
      "import type { X } from '#api/docker/b';",
      /api\/cri may not import api\/docker/,
    ],
    ['packages/engine/src/daemon/main.ts', "import { x } from '#service/image/images';", /only types/],
    ['packages/engine/src/service/a/b.ts', "import x from 'left-pad';", /does not declare left-pad/],
  ];
  for (const [file, source, reason] of cases) {
    const found = reasons(file, `// first line\n${source}`);
    assert.equal(found.length, 1, `${file} ${source}`);
    assert.match(found[0]!, reason);
    assert.match(found[0]!, /^2 /);
  }
});

test('tests may import what they like', () => {
  assert.deepEqual(reasons('packages/model/src/a.test.ts', "import { readFile } from 'node:fs';"), []);
});
