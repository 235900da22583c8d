import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byLabel, byName, byWord, filterOf, type FilterMakers } from './filter.ts';

interface Thing {
  readonly name: string;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

const makers: FilterMakers<Thing> = {
  name: byName((thing) => thing.name),
  status: byWord(['ready', 'done'], (thing) => thing.state),
  label: byLabel((thing) => thing.labels),
};

const web = { name: 'web-1', state: 'ready', labels: { app: 'web', tier: '' } };
const database = { name: 'db', state: 'done', labels: { app: 'db' } };

const chosen = (...texts: readonly string[]) => [web, database].filter(filterOf(texts, makers)).map(({ name }) => name);

describe('filters of lists', () => {
  it('of one key are alternatives, different keys must all match', () => {
    assert.deepEqual(chosen(), ['web-1', 'db']);
    assert.deepEqual(chosen('status=ready', 'status=done'), ['web-1', 'db']);
    assert.deepEqual(chosen('status=ready', 'name=db'), []);
    assert.deepEqual(chosen('name=^/web'), ['web-1']);
  });

  it('labels must all match, with their values where one is given', () => {
    assert.deepEqual(chosen('label=app'), ['web-1', 'db']);
    assert.deepEqual(chosen('label=app', 'label=tier'), ['web-1']);
    assert.deepEqual(chosen('label=app=db'), ['db']);
    assert.deepEqual(chosen('label=tier='), ['web-1']);
  });

  it('a mistake is told where there is nothing to filter, too', () => {
    for (const text of ['status=lazy', 'colour=red', 'name', 'name=(', '=x'])
      assert.throws(() => filterOf([text], makers), { kind: 'invalid_argument', code: 'bad_filter' }, text);
  });
});
