import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { BerthError, tolerate } from '@berth/model/error';
import type { Launcher } from '@berth/runtime/shim/launcher';
import { runProgram } from '../program.ts';
import type { HostRules } from './host-rules.ts';
import { dropsForwarded, forwardRemoval, forwardScript, iptablesRemoval, iptablesScript } from './iptables-rules.ts';
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
  return program === 'nft' ? byNft(launcher) : byIptables(launcher);
}

function byNft(launcher: Launcher): PacketFilter {
  const nft = async (script: string) => void (await run(launcher, ['nft', '-f', '-'], script));
  const iptables = locate('iptables-save') === undefined ? undefined : launcher;
  // A packet has to pass the chains of all tables: those of iptables are the only ones that others commonly close.
  return {
    apply: async (all) => {
      await nft(all.map(nftScript).join(''));
      if (iptables === undefined) return;
      await each(iptables, all, (rules, saved) => (dropsForwarded(saved) ? forwardScript(rules, saved) : ''));
    },
    remove: async (all) => {
      await nft(all.map(nftRemoval).join(''));
      if (iptables !== undefined) await each(iptables, all, forwardRemoval);
    },
  };
}

function byIptables(launcher: Launcher): PacketFilter {
  return {
    apply: async (all) => await each(launcher, all, iptablesScript),
    remove: async (all) => await each(launcher, all, iptablesRemoval),
  };
}

/** Changes the rules of each family by a script that is made of those that are there. */
async function each(
  launcher: Launcher,
  all: readonly HostRules[],
  script: (rules: HostRules, saved: string) => string,
): Promise<void> {
  const one = async (rules: HostRules) => {
    const tool = rules.family === 4 ? 'iptables' : 'ip6tables';
    const input = script(rules, await savedBy(launcher, `${tool}-save`));
    if (input !== '') await run(launcher, [`${tool}-restore`, '--noflush', '--wait', '5'], input);
  };
  await Promise.all(all.map(one));
}

/** Nothing on a kernel that has no part for it: then nobody has rules there, and to make some says what is wrong. */
async function savedBy(launcher: Launcher, program: string): Promise<string> {
  return await run(launcher, [program], '').catch(() => '');
}

async function run(launcher: Launcher, [name = '', ...words]: readonly string[], input: string): Promise<string> {
  const program = { path: locate(name) ?? name, words, env: { PATH: folders.join(':') }, input };
  const end = await runProgram(launcher, program, AbortSignal.timeout(patience));
  if (end.code === 0) return end.stdout;
  throw new BerthError('internal', `${name} refused the rules of pods: ${end.stderr || `it ended with ${end.code}`}`, {
    code: 'packet_filter_failed',
  });
}

function locate(name: string): string | undefined {
  const unfit = ['ENOENT', 'ENOTDIR', 'EACCES'];
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => tolerate(unfit, () => accessSync(file, constants.X_OK)));
}
