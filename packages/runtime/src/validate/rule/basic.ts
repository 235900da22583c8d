import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import { owns } from './namespace.ts';
import type { Rule } from './rule.ts';

/** Semantic Versioning 2.0.0. */
const semver =
  /^(?<major>0|[1-9]\d*)\.(?<minor>0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** The newest version of the spec that is understood whole. */
export const newestVersion = '1.3.0';
/** All versions of the same major number can be read. */
export const oldestVersion = '1.0.0';

/** HOST_NAME_MAX of the kernel, sethostname(2). */
const longestName = 64;
const names = ['hostname', 'domainname'] as const;

export const basicRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.version_malformed',
    meaning: '`ociVersion` is not a semantic version',
    remedy: `write it as "${newestVersion}"`,
    *find({ ociVersion }) {
      if (!semver.test(ociVersion)) yield at('ociVersion', `not a semantic version: '${ociVersion}'`);
    },
  },
  {
    code: 'spec.version_unsupported',
    meaning: '`ociVersion` has another major number than 1',
    remedy: `convert the config to version 1 of the spec; up to ${newestVersion} is understood`,
    *find({ ociVersion }) {
      const major = semver.exec(ociVersion)?.groups?.['major'];
      if (major !== undefined && major !== '1') yield at('ociVersion', `version ${ociVersion} is not supported`);
    },
  },
  {
    code: 'spec.version_newer',
    level: 'warning',
    meaning: '`ociVersion` is newer than this runtime',
    remedy: 'what is new in that version is ignored; update Berth',
    *find({ ociVersion }) {
      const { major, minor } = semver.exec(ociVersion)?.groups ?? {};
      if (major === '1' && Number(minor) > 3) yield at('ociVersion', `${ociVersion} is newer than ${newestVersion}`);
    },
  },
  {
    code: 'spec.root_path_empty',
    meaning: '`root.path` is empty',
    remedy: 'name the folder with the root file system, usually "rootfs"',
    *find({ root }) {
      if (root.path === '') yield at('root.path', 'is empty');
    },
  },
  ...names.map((name): Rule<RuntimeSpec> => ({
    code: `spec.${name}_without_uts`,
    meaning: `\`${name}\` is set, but the container has the host's UTS namespace`,
    remedy: `add {"type": "uts"} to linux.namespaces, or remove ${name}`,
    *find(spec) {
      if (spec[name] && !owns(spec, 'uts')) yield at(name, 'needs a uts namespace, or it would rename the host');
    },
  })),
  ...names.map((name): Rule<RuntimeSpec> => ({
    code: `spec.${name}_too_long`,
    meaning: `\`${name}\` has more than ${longestName} bytes`,
    remedy: 'use a shorter name',
    *find(spec) {
      if (Buffer.byteLength(spec[name] ?? '') > longestName) yield at(name, `is longer than ${longestName} bytes`);
    },
  })),
  {
    code: 'spec.cgroups_path_escapes',
    meaning: '`linux.cgroupsPath` has a `..` in it',
    remedy: 'write the path without ..',
    *find({ linux }) {
      if (linux.cgroupsPath?.split('/').includes('..')) yield at('linux.cgroupsPath', 'must not contain ..');
    },
  },
  {
    code: 'spec.personality_flags',
    level: 'warning',
    meaning: '`linux.personality.flags` is given, but the spec defines no flag yet',
    remedy: 'remove the flags: they are ignored',
    *find({ linux }) {
      if (linux.personality?.flags?.length) yield at('linux.personality.flags', 'no flag is supported');
    },
  },
];
