import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressStep } from './display.ts';
import { plainDisplay } from './plain-display.ts';
import { progressRow } from './row.ts';
import { type Screen, TerminalDisplay } from './terminal-display.ts';

const wide = { width: 79, label: 0 };

test('a row has a bar when both ends are known, and its sizes alone when there is no room for one', () => {
  assert.equal(progressRow({ id: 'abc', status: 'waiting' }, wide), 'abc: waiting');
  assert.equal(progressRow({ id: 'abc', status: 'reading', current: 5000 }, wide), 'abc: reading 5kB');
  const half = { id: 'abc', status: 'reading', current: 500, total: 1000 };
  assert.match(progressRow(half, wide), /^abc: reading \[={20}> {19}\] 500B\/1kB$/);
  assert.match(progressRow({ ...half, current: 1000 }, wide), /^abc: reading \[={40}\] 1kB\/1kB$/);
  assert.match(progressRow(half, { width: 79, label: 20 }), /^abc: reading {9}\[/);
  assert.equal(progressRow(half, { width: 24, label: 0 }), 'abc: reading 500B/1kB');
  assert.equal(progressRow(half, { width: 12, label: 0 }), 'abc: readin…');
});

test('more than the total, and less than nothing, do not break the bar', () => {
  const step = { id: 'a', status: 's', total: 10 };
  assert.match(progressRow({ ...step, current: 20 }, wide), /\[={40}\]/);
  assert.match(progressRow({ ...step, current: -1 }, wide), /\[> {39}\]/);
});

test('what has ended has no bar', () => {
  assert.equal(progressRow({ id: 'a', status: 'copied', current: 0, total: 2000 }, wide), 'a: copied 2kB');
});

test('a log gets a line for each change, and for what goes on a line now and then', () => {
  const lines: string[] = [];
  let now = 0;
  const display = plainDisplay(
    (line) => lines.push(line),
    () => now,
  );
  const step = { id: 'a', status: 'downloading', total: 10_000 };
  display.show({ ...step, current: 0 });
  display.show({ ...step, current: 1000 });
  now = 11_000;
  display.show({ ...step, current: 2000 });
  display.show({ id: 'b', status: 'waiting' });
  display.show({ id: 'a', status: 'done' });
  now = 60_000;
  display.show({ id: 'a', status: 'done' });
  assert.deepEqual(lines, ['a: downloading\n', 'a: downloading 2kB/10kB\n', 'b: waiting\n', 'a: done\n']);
});

/** What a terminal shows of the few sequences that a display writes. Lines that are too long go on in the next row. */
class FakeTerminal implements Screen {
  columns = 40;
  rows = 6;
  lines: string[] = [''];
  #at = 0;

  size() {
    return { columns: this.columns, rows: this.rows };
  }

  write(text: string): void {
    for (const [part, up, erase] of text.matchAll(/\x1b\[(?:(\d+)A|([JK]))|\r|\n|[^\x1b\r\n]+/g)) {
      if (up !== undefined) this.#at -= Number(up);
      else if (erase === 'J') this.lines.splice(this.#at + 1);
      if (erase === 'J' && this.lines[this.#at] !== undefined) this.lines[this.#at] = '';
      else if (part === '\n') this.lines[++this.#at] ??= '';
      else if (up === undefined && erase === undefined && part !== '\r') this.lines[this.#at] = part;
      assert.ok(this.#at >= 0, 'above the first line');
    }
  }

  /** A window made narrower breaks the lines that are there. */
  narrow(columns: number): void {
    const pieces = (line: string) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [''];
    this.lines = this.lines.flatMap(pieces);
    this.#at = this.lines.length - 1;
    this.columns = columns;
  }
}

async function frames(display: TerminalDisplay, ...steps: ProgressStep[]): Promise<void> {
  for (const step of steps) display.show(step);
  await new Promise((resolve) => setTimeout(resolve, 100));
}

test('bars change in place, and what has ended stays above them', async () => {
  const terminal = new FakeTerminal();
  const display = new TerminalDisplay(terminal);
  const moving = (id: string, current: number) => ({ id, status: 'get', current, total: 100 });
  await frames(display, moving('a', 0), moving('b', 0), { id: 'c', status: 'waiting' });
  assert.deepEqual(
    terminal.lines.map((line) => line.slice(0, 6)),
    ['a: get', 'b: get', 'c: wai', ''],
  );
  await frames(display, moving('a', 100), { id: 'b', status: 'done' });
  assert.deepEqual(
    terminal.lines.map((line) => line.slice(0, 7)),
    ['b: done', 'a: get ', 'c: wait', ''],
  );
  assert.ok(terminal.lines.every((line) => line.length < 40));
  await frames(display, { id: 'a', status: 'done' }, { id: 'c', status: 'already there' });
  display[Symbol.dispose]();
  assert.deepEqual(terminal.lines, ['b: done', 'a: done', 'c: already there', '']);
});

test('of more things than there are rows those that move are shown, and how many more there are', async () => {
  const terminal = new FakeTerminal();
  using display = new TerminalDisplay(terminal);
  const waiting = Array.from({ length: 20 }, (_, n) => ({ id: `w${n}`, status: 'waiting' }));
  await frames(display, ...waiting, { id: 'm', status: 'get', current: 1, total: 2 });
  assert.equal(terminal.lines.length, 6);
  assert.match(terminal.lines[0] ?? '', /^m: get/);
  assert.equal(terminal.lines[4], '… and 17 more');
  await frames(display, ...waiting.map(({ id }) => ({ id, status: 'done' })));
  assert.equal(terminal.lines.length, 22);
});

test('a window that was made narrower leaves nothing of the old bars behind', async () => {
  const terminal = new FakeTerminal();
  using display = new TerminalDisplay(terminal);
  const step = (current: number) => ({ id: 'a', status: 'downloading', current, total: 100 });
  await frames(display, step(1));
  terminal.narrow(20);
  await frames(display, step(50));
  assert.equal(terminal.lines.length, 2);
  assert.match(terminal.lines[0] ?? '', /^a: downloading/);
});

test('nothing was shown: nothing is written', () => {
  const terminal = new FakeTerminal();
  terminal.write = () => assert.fail('it wrote');
  new TerminalDisplay(terminal)[Symbol.dispose]();
});
