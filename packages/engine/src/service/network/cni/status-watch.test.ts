import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import type { Launcher } from '@berth/runtime/shim/launcher';
import { parseNetworkList } from './network-list.ts';
import { StatusWatch } from './status-watch.ts';

const network = parseNetworkList(JSON.stringify({ cniVersion: '1.1.0', name: 'pods', plugins: [{ type: 'some' }] }));

describe("the plugins' word on the network", () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'berth-status-'));
    writeFileSync(path.join(folder, 'some'), '', { mode: 0o755 });
  });
  afterEach(() => {
    mock.restoreAll();
    rmSync(folder, { recursive: true });
  });

  test('counts for a while and is then asked for again, whatever happens to the date', async () => {
    let asked = 0;
    const refuse = () => Promise.reject(new Error(`refusal ${++asked}`));
    const watch = new StatusWatch({ folders: [folder], launcher: { shim: refuse } as unknown as Launcher });
    const ask = async () => {
      const { message } = watch.status(network);
      await new Promise((resolve) => setImmediate(resolve));
      return message;
    };
    assert.equal(await ask(), '');
    assert.match(await ask(), /refusal 1/);
    const [date, time] = [Date.now(), performance.now()];
    mock.method(Date, 'now', () => date + 86_400_000);
    await ask();
    assert.equal(asked, 1);
    // One mock over another would come back when both are restored.
    mock.restoreAll();
    mock.method(Date, 'now', () => date - 86_400_000);
    mock.method(performance, 'now', () => time + 11_000);
    await ask();
    assert.match(await ask(), /refusal 2/);
  });
});
