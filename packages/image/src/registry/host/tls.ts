/** How a host proves who it is, and we to it. PEM texts. */
export interface TlsSettings {
  /** Authorities besides those of the system. */
  readonly ca: readonly string[];
  readonly client: readonly { readonly certificate: string; readonly key: string }[];
  readonly skipVerify: boolean;
}

export const systemTls: TlsSettings = { ca: [], client: [], skipVerify: false };
