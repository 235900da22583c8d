import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pluginFolder } from '../../harness/cri-network.ts';
import { timedCommand } from '../timed-command.ts';
import type { CriPlace } from './place.ts';

interface Plugin {
  readonly type: string;
  readonly ipam?: { readonly type: string };
}

interface ConfigList {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly Plugin[];
}

export interface PluginTimes {
  readonly add: number[];
  readonly del: number[];
}

/** What the plugins of the configuration take by themselves, ms: each run by hand, in a network namespace of its own. */
export async function measurePlugins(place: CriPlace, rounds: number): Promise<PluginTimes> {
  const list = JSON.parse(readFileSync(path.join(place.server.network, '10-test.conflist'), 'utf8')) as ConfigList;
  const times: PluginTimes = { add: [], del: [] };
  for (let round = 0; round < rounds; round++) {
    const id = randomUUID();
    execFileSync('ip', ['netns', 'add', id]);
    try {
      const chain = new PluginChain(place.home, list, id);
      times.add.push(await chain.add());
      times.del.push(await chain.del());
    } finally {
      execFileSync('ip', ['netns', 'delete', id]);
    }
  }
  return times;
}

class PluginChain {
  readonly #home: string;
  readonly #list: ConfigList;
  readonly #id: string;
  #result: unknown;

  constructor(home: string, list: ConfigList, id: string) {
    this.#home = home;
    this.#list = list;
    this.#id = id;
  }

  async add(): Promise<number> {
    let sum = 0;
    for (const plugin of this.#list.plugins) sum += await this.#run('ADD', plugin);
    return sum;
  }

  async del(): Promise<number> {
    let sum = 0;
    for (const plugin of this.#list.plugins.toReversed()) sum += await this.#run('DEL', plugin);
    return sum;
  }

  /** The shell takes about a millisecond of it. */
  async #run(command: 'ADD' | 'DEL', plugin: Plugin): Promise<number> {
    const { cniVersion, name } = this.#list;
    const input = path.join(this.#home, 'plugin-input');
    const output = path.join(this.#home, 'plugin-output');
    const previous = this.#result === undefined ? {} : { prevResult: this.#result };
    writeFileSync(input, JSON.stringify({ cniVersion, name, ...plugin, ...previous }));
    const script = `exec ${path.join(pluginFolder()!, plugin.type)} <${input} >${output}`;
    const took = await timedCommand(['sh', '-c', script], {
      ...process.env,
      CNI_COMMAND: command,
      CNI_CONTAINERID: this.#id,
      CNI_NETNS: `/run/netns/${this.#id}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: pluginFolder(),
    });
    if (command === 'ADD') this.#result = JSON.parse(readFileSync(output, 'utf8'));
    return took;
  }
}
