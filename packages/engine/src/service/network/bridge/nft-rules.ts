import { type HostRules, inOrder, multicast, type PortRule } from './host-rules.ts';

/** nft takes a whole file at once or nothing of it: the table is made anew each time. */
export function nftScript(rules: HostRules): string {
  const { bridge, family, ranges, ports } = rules;
  const ip = family === 4 ? 'ip' : 'ip6';
  const table = nftTable(rules);
  const among = `{ ${ranges.join(', ')} }`;
  return [
    `table ${table} {}`,
    `delete table ${table}`,
    `table ${table} {`,
    '  chain ports {',
    ...inOrder(ports).map((port) => `    ${portRule(ip, port)}`),
    '  }',
    '  chain prerouting {',
    '    type nat hook prerouting priority -100;',
    '    fib daddr type local jump ports',
    '  }',
    '  chain output {',
    '    type nat hook output priority -100;',
    '    fib daddr type local jump ports',
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority 100;',
    // A pod that reaches another by a port of the host: the answer has to come back the same way.
    `    ${ip} saddr ${among} oifname "${bridge}" ct status dnat masquerade`,
    ...(family === 4 ? [`    ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`] : []),
    `    ${ip} saddr ${among} ${ip} daddr != ${multicast[family]} oifname != "${bridge}" masquerade`,
    '  }',
    // The bridge routes 127.0.0.0/8 for ports of the host; pods must not reach what listens there.
    ...(family === 4
      ? [
          '  chain loopback {',
          '    type filter hook prerouting priority -300;',
          `    iifname "${bridge}" ip daddr 127.0.0.0/8 drop`,
          '  }',
        ]
      : []),
    '}',
    '',
  ].join('\n');
}

/** Also when there is none. */
export function nftRemoval(rules: HostRules): string {
  const table = nftTable(rules);
  return `table ${table} {}\ndelete table ${table}\n`;
}

/** A dash is no part of names that nft takes. */
function nftTable({ family, bridge }: HostRules): string {
  return `${family === 4 ? 'ip' : 'ip6'} berth_${bridge.replaceAll(/\W/g, (other) => `_${other.charCodeAt(0).toString(16)}`)}`;
}

function portRule(ip: string, { protocol, hostIp, hostPort, address, containerPort }: PortRule): string {
  const only = hostIp === '' ? '' : `${ip} daddr ${hostIp} `;
  const target = ip === 'ip' ? address : `[${address}]`;
  return `${only}${protocol} dport ${hostPort} dnat to ${target}:${containerPort}`;
}
