/** What a manifest runs on, in Go's words (image-spec, image-index.md, "platform"). */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const goArchitecture: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm: 'arm' };

/** The platform of this machine. */
export function hostPlatform(): Platform {
  return { os: 'linux', architecture: goArchitecture[process.arch] ?? process.arch };
}
