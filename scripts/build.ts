/** Builds what runs: the native part into build/native, the programs as bundles into build. Quick when nothing changed. */
import { buildBundles } from './build/bundle.ts';
import { buildNative } from './build-native.ts';

export async function build(): Promise<void> {
  await Promise.all([buildNative(), buildBundles()]);
}

if (import.meta.main) {
  await build().then(
    () => console.log('built: bin/berth is ready'),
    (error: Error) => {
      console.error(`build: ${error.message}`);
      process.exitCode = 1;
    },
  );
}
