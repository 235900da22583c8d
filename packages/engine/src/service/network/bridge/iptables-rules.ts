import { type HostRules, inOrder, multicast, type PortRule } from './host-rules.ts';

/** Chains of our own, and from where they are jumped to. Names have 28 characters at most; a bridge's has 15. */
function chainsOf({ bridge, family }: HostRules) {
  return [
    { table: 'nat', from: 'PREROUTING', chain: `BERTH-PORT-${bridge}`, match: '-m addrtype --dst-type LOCAL ' },
    { table: 'nat', from: 'OUTPUT', chain: `BERTH-PORT-${bridge}`, match: '-m addrtype --dst-type LOCAL ' },
    { table: 'nat', from: 'POSTROUTING', chain: `BERTH-MASQ-${bridge}`, match: '' },
    { table: 'filter', from: 'FORWARD', chain: `BERTH-FWD-${bridge}`, match: '' },
    ...(family === 4 ? [{ table: 'filter', from: 'INPUT', chain: `BERTH-IN-${bridge}`, match: '' }] : []),
  ];
}

/** Whether the host's own rules, such as docker's, forward nothing that they do not know. */
export function dropsForwarded(saved: string): boolean {
  return tableOf(saved, 'filter').some((line) => line.startsWith(':FORWARD DROP'));
}

/** The part of `iptablesScript` that lets pods' packets through; another program may make the rest. */
export function forwardScript(rules: HostRules, saved: string): string {
  return partOf(iptablesScript(rules, saved), 'filter');
}

export function forwardRemoval(rules: HostRules, saved: string): string {
  return partOf(iptablesRemoval(rules, saved), 'filter');
}

function partOf(script: string, table: string): string {
  const lines = tableOf(script, table);
  return lines.length === 0 ? '' : `${[...lines, 'COMMIT'].join('\n')}\n`;
}

/**
 * Input of `iptables-restore --noflush`, which takes each table whole or not at all. A chain that is named is emptied.
 * @param saved what `iptables-save` says now: jumps that are there are not made twice
 */
export function iptablesScript(rules: HostRules, saved: string): string {
  return tables(rules, (table) => {
    const own = chainsOf(rules).filter((one) => one.table === table);
    const names = new Set(own.map(({ chain }) => chain));
    const missing = own.filter(({ from, chain }) => !isJump(saved, table, { from, chain }));
    return [
      ...[...names].map((chain) => `:${chain} - [0:0]`),
      ...(table === 'nat' ? [...portRules(rules), ...masquerades(rules)] : filters(rules)),
      ...missing.map(({ from, match, chain }) => `-I ${from} 1 ${match}-j ${chain}`),
    ];
  });
}

/** Takes all of it away again, as far as `saved` says that it is there. */
export function iptablesRemoval(rules: HostRules, saved: string): string {
  return tables(rules, (table) => {
    const own = chainsOf(rules).filter((one) => one.table === table);
    const there = [...new Set(own.map(({ chain }) => chain))].filter((chain) => hasChain(saved, table, chain));
    const jumps = own.filter(({ from, chain }) => isJump(saved, table, { from, chain }));
    return [
      ...jumps.map(({ from, match, chain }) => `-D ${from} ${match}-j ${chain}`),
      ...there.flatMap((chain) => [`-F ${chain}`, `-X ${chain}`]),
    ];
  });
}

function tables(rules: HostRules, linesOf: (table: string) => string[]): string {
  const names = [...new Set(chainsOf(rules).map(({ table }) => table))];
  const parts = names.map((table) => ({ table, lines: linesOf(table) })).filter(({ lines }) => lines.length > 0);
  return parts.map(({ table, lines }) => [`*${table}`, ...lines, 'COMMIT', ''].join('\n')).join('');
}

function portRules({ family, bridge, ports }: HostRules): string[] {
  return inOrder(ports).map(({ protocol, hostIp, hostPort, address, containerPort }: PortRule) => {
    const only = hostIp === '' ? '' : `-d ${hostIp} `;
    const target = family === 4 ? address : `[${address}]`;
    const what = `-p ${protocol} -m ${protocol} --dport ${hostPort}`;
    return `-A BERTH-PORT-${bridge} ${only}${what} -j DNAT --to-destination ${target}:${containerPort}`;
  });
}

function masquerades({ bridge, family, ranges }: HostRules): string[] {
  const add = `-A BERTH-MASQ-${bridge}`;
  return [
    // A pod that reaches another by a port of the host: the answer has to come back the same way.
    ...ranges.map((range) => `${add} -s ${range} -o ${bridge} -m conntrack --ctstate DNAT -j MASQUERADE`),
    ...(family === 4 ? [`${add} -s 127.0.0.0/8 -o ${bridge} -j MASQUERADE`] : []),
    ...ranges.map((range) => `${add} -s ${range} ! -d ${multicast[family]} ! -o ${bridge} -j MASQUERADE`),
  ];
}

/** Where the host forwards nothing by itself, as one with docker does. */
function filters({ bridge, family }: HostRules): string[] {
  const forward = `-A BERTH-FWD-${bridge}`;
  const known = '-m conntrack --ctstate';
  return [
    `${forward} -i ${bridge} -j ACCEPT`,
    `${forward} -o ${bridge} ${known} RELATED,ESTABLISHED,DNAT -j ACCEPT`,
    // The bridge routes 127.0.0.0/8 for ports of the host; pods must not reach what listens there.
    ...(family === 4 ? [`-A BERTH-IN-${bridge} -i ${bridge} -d 127.0.0.0/8 ${known} NEW,INVALID -j DROP`] : []),
  ];
}

/** One table of several, each behind its name, as iptables-save tells them. */
function tableOf(saved: string, table: string): string[] {
  const lines = saved.split('\n');
  const start = lines.indexOf(`*${table}`);
  return start < 0 ? [] : lines.slice(start, lines.indexOf('COMMIT', start));
}

function isJump(
  saved: string,
  table: string,
  { from, chain }: { readonly from: string; readonly chain: string },
): boolean {
  return tableOf(saved, table).some((line) => line.startsWith(`-A ${from} `) && line.endsWith(`-j ${chain}`));
}

function hasChain(saved: string, table: string, chain: string): boolean {
  return tableOf(saved, table).some((line) => line.startsWith(`:${chain} `));
}
