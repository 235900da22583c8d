import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { BerthError, tolerate } from '@berth/model/error';
import type { Launcher } from '@berth/runtime/shim/launcher';
import { runProgram } from '../program.ts';
import type { HostRules } from './host-rules.ts';
import { iptablesRemoval, iptablesScript } from './iptables-rules.ts';
import { nftRemoval, nftScript } from './nft-rules.ts';

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What a program that changes rules has, ms: it waits for others of its kind. */
const patience = 30_000;

/** The host's packet filter, by whichever program is there. */
export interface PacketFilter {
  /** Makes the rules what they should be, all at once. */
  apply(rules: readonly HostRules[]): Promise<void>;
  /** Also when they are gone. */
  remove(rules: readonly HostRules[]): Promise<void>;
}

export type FilterProgram = 'nft' | 'iptables';

/** nft first: it has tables for each owner, and replaces one in a single step. Undefined where there is neither. */
export function findFilter(choices: readonly FilterProgram[]): FilterProgram | undefined {
  return choices.find((name) => locate(name) !== undefined);
}

export function packetFilter(program: FilterProgram, launcher: Launcher): PacketFilter {
  const run = async (words: readonly string[], input: string): Promise<string> => {
    const [name = '', ...rest] = words;
    const end = await runProgram(
      launcher,
      { path: locate(name) ?? name, words: rest, env: { PATH: folders.join(':') }, input },
      AbortSignal.timeout(patience),
    );
    if (end.code === 0) return end.stdout;
    throw new BerthError(
      'internal',
      `${name} refused the rules of pods: ${end.stderr || `it ended with ${end.code}`}`,
      {
        code: 'packet_filter_failed',
      },
    );
  };
  if (program === 'nft') {
    return {
      apply: async (rules) => void (await run(['nft', '-f', '-'], rules.map(nftScript).join(''))),
      remove: async (rules) => void (await run(['nft', '-f', '-'], rules.map(nftRemoval).join(''))),
    };
  }
  const change = async (rules: HostRules, script: (rules: HostRules, saved: string) => string) => {
    const tool = rules.family === 4 ? 'iptables' : 'ip6tables';
    const input = script(rules, await run([`${tool}-save`], ''));
    if (input !== '') await run([`${tool}-restore`, '--noflush', '--wait', '5'], input);
  };
  return {
    apply: async (all) => void (await Promise.all(all.map((rules) => change(rules, iptablesScript)))),
    remove: async (all) => void (await Promise.all(all.map((rules) => change(rules, iptablesRemoval)))),
  };
}

function locate(name: string): string | undefined {
  const unfit = ['ENOENT', 'ENOTDIR', 'EACCES'];
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => tolerate(unfit, () => accessSync(file, constants.X_OK)));
}
