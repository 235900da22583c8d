import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleFile, plainInteger } from '../command/bundle.ts';
import type { ContainerPlace } from '../contract.ts';

/** Hooks are told the bundle's folder, and look there for the spec: where the root is, and what else is asked for. */
export function writeHookBundle({ bundle, spec, root }: ContainerPlace): void {
  if (spec.hooks === undefined) return;
  const shown = root === undefined ? spec : { ...spec, root: { ...spec.root, path: root.target } };
  writeFileSync(path.join(bundle, bundleFile), JSON.stringify(shown, plainInteger), { mode: 0o600 });
}
