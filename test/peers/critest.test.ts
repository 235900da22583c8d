import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { buildTool, criToolsVersion, foundTool } from '../harness/cri-tools.ts';
import { critestRegistries, seedCritestImages } from '../harness/critest-images.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { enterOwnNetwork } from '../harness/own-network.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';

/** Its build takes longer than a test may, and so it is asked for: BERTH_BUILD_CRITEST=1. */
const critest =
  foundTool('critest', 'BERTH_TEST_CRITEST') ??
  (process.env['BERTH_BUILD_CRITEST'] === '1' ? buildTool('critest') : undefined);
const whyNot =
  whySkipped ||
  whyNoRegistry ||
  (critest === undefined &&
    `no critest ${criToolsVersion}: BERTH_TEST_CRITEST names it, or BERTH_BUILD_CRITEST=1 builds it`);

/** What cannot be had with images of our own. */
const notWithOurImages = [
  // The digest of somebody else's image.
  'public image with digest should be pulled and removed',
  // Debian's busybox runs its own ls, whatever is in the place of /bin/ls.
  'runtime should support MaskedPaths',
];

interface Spec {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
  readonly Failure?: { readonly Message?: string };
}

test('the official tests of the CRI', { skip: whyNot }, async (t) => {
  const report = path.join(await inPlace(t), 'report.json');
  const [first] = JSON.parse(readFileSync(report, 'utf8')) as [{ readonly SpecReports: readonly Spec[] }];
  const specs = first.SpecReports.filter(({ LeafNodeType }) => LeafNodeType === 'It');
  assert.ok(specs.filter(({ State }) => State === 'passed').length > 90, 'most of them were run');
  for (const { ContainerHierarchyTexts: above, LeafNodeText: leaf, State: state, Failure: failure } of specs) {
    const skip = state === 'skipped' && (failure?.Message ?? 'not asked for');
    await t.test([...(above ?? []), leaf].join(' ').replaceAll('[k8s.io] ', ''), { skip }, () => {
      assert.equal(state, 'passed', failure?.Message ?? state);
    });
  }
});

/** Runs them against an engine with the bridge that is built in. @returns the folder of the report */
async function inPlace(t: TestContext): Promise<string> {
  enterOwnNetwork();
  const folder = mkdtempSync('/tmp/bt-critest-');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await using registry = await Registry.start();
  await seedCritestImages(registry);
  await using engine = await Engine.start({ env: { BERTH_CONFIG: configuration(folder, registry) } });
  const endpoint = `unix://${engine.socket}`;
  const words = ['-runtime-endpoint', endpoint, '-image-endpoint', endpoint, '--ginkgo.no-color'];
  words.push('--ginkgo.json-report', path.join(folder, 'report.json'));
  for (const name of ['Benchmark', ...notWithOurImages]) words.push('--ginkgo.skip', name);
  const child = spawn(String(critest), words, { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder });
  await once(child, 'close');
  assert.equal(await engine.expect(['pods', '-q']), '', 'it leaves no pods');
  return folder;
}

/** Names of registries lead to ours. */
function configuration(folder: string, { url }: Registry): string {
  for (const host of critestRegistries) {
    const place = path.join(folder, 'certs.d', host);
    mkdirSync(place, { recursive: true });
    const server = `server = "${url}"\n[host."${url}"]\ncapabilities = ["pull", "resolve"]\n`;
    writeFileSync(path.join(place, 'hosts.toml'), server);
  }
  const file = path.join(folder, 'berthd.toml');
  const network = `[network]\nbuiltin = true\ncni_conf = "${folder}/none"\n`;
  writeFileSync(file, `[registry]\nhosts = ["${folder}/certs.d"]\n${network}`);
  return file;
}
