import type { DnsConfig } from '@berth/model/pod-config';

/** The file's text, resolv.conf(5). Nothing asked for is an empty file, and none at all (undefined) the host's. */
export function resolvConf(dns: DnsConfig | undefined, ofHost: () => string): string {
  if (dns === undefined) return ofHost();
  const { servers, searches, options } = dns;
  const lines = [
    ...(searches.length === 0 ? [] : [`search ${searches.join(' ')}`]),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
