interface CniResult {
  readonly interfaces?: readonly { readonly name?: string; readonly mac?: string; readonly sandbox?: string }[];
  readonly ips?: readonly { readonly address?: string; readonly gateway?: string; readonly interface?: number }[];
  readonly routes?: unknown;
  readonly dns?: unknown;
}

/** The network's result (CNI spec 1.0, "Success") in the form in which containerd tells it: addresses by interface. */
export function cniResult(given: unknown): Record<string, unknown> | null {
  if (typeof given !== 'object' || given === null) return null;
  const { interfaces = [], ips = [], routes = null, dns } = given as CniResult;
  const byName = interfaces.map(({ name = '', mac = '', sandbox = '' }, at) => {
    const own = ips.filter((ip) => ip.interface === at);
    return [
      name,
      {
        IPConfigs: own.map(({ address = '', gateway = '' }) => ({ IP: address.replace(/\/.*/, ''), Gateway: gateway })),
        Mac: mac,
        Sandbox: sandbox,
      },
    ];
  });
  return { Interfaces: Object.fromEntries(byName), DNS: dns === undefined ? [] : [dns], Routes: routes };
}
