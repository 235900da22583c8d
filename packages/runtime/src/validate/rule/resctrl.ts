import type { IntelRdtSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Rule } from './rule.ts';

function* lines({ schemata = [], l3CacheSchema, memBwSchema }: IntelRdtSpec): Generator<[string, string]> {
  for (const [index, line] of schemata.entries()) yield [`linux.intelRdt.schemata[${index}]`, line];
  if (l3CacheSchema !== undefined) yield ['linux.intelRdt.l3CacheSchema', l3CacheSchema];
  if (memBwSchema !== undefined) yield ['linux.intelRdt.memBwSchema', memBwSchema];
}

export const resctrlRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.rdt_class_name',
    meaning: '`linux.intelRdt.closID` cannot be the name of a folder below /sys/fs/resctrl',
    remedy: 'use a name without slashes, or / alone for the default class',
    *find({ linux: { intelRdt: { closID = '/' } = {} } }) {
      if (closID === '.' || closID === '..' || (closID !== '/' && /[/\n]/.test(closID))) {
        yield at('linux.intelRdt.closID', `'${closID}' is no name of a class`);
      }
    },
  },
  {
    code: 'spec.rdt_default_class_changed',
    meaning: '`linux.intelRdt.closID` is /, the class of all other processes, beside a schema',
    remedy: 'remove the schemas, or use a class of its own',
    *find({ linux: { intelRdt = {} } }) {
      const [first] = lines(intelRdt);
      if (intelRdt.closID === '/' && first) yield at(first[0], 'would change the default class of the whole host');
    },
  },
  {
    code: 'spec.rdt_schema_line',
    meaning: 'a schema of `linux.intelRdt` is not one line',
    remedy: 'write one resource each: schemata has an item for each line',
    *find({ linux: { intelRdt = {} } }) {
      for (const [path, line] of lines(intelRdt))
        if (/\n/.test(line) || line === '') yield at(path, 'must be one line');
    },
  },
  {
    code: 'spec.rdt_memory_schema',
    meaning: '`linux.intelRdt.memBwSchema` does not begin with MB:',
    remedy: 'write it as MB:0=20;1=70',
    *find({ linux: { intelRdt: { memBwSchema } = {} } }) {
      if (memBwSchema !== undefined && !memBwSchema.startsWith('MB:')) {
        yield at('linux.intelRdt.memBwSchema', 'must begin with MB:');
      }
    },
  },
  {
    code: 'spec.rdt_cache_schema',
    level: 'warning',
    meaning: '`linux.intelRdt.l3CacheSchema` does not begin with L3',
    remedy: 'write it as L3:0=7f0;1=1f',
    *find({ linux: { intelRdt: { l3CacheSchema } = {} } }) {
      if (l3CacheSchema !== undefined && !/^L3(CODE|DATA)?:/.test(l3CacheSchema)) {
        yield at('linux.intelRdt.l3CacheSchema', 'should begin with L3:');
      }
    },
  },
  {
    code: 'spec.rdt_schema_overridden',
    level: 'warning',
    meaning: '`linux.intelRdt.schemata`, which is written last, has a line for what another schema sets',
    remedy: 'say each resource once',
    *find({ linux: { intelRdt: { schemata = [], l3CacheSchema, memBwSchema } = {} } }) {
      for (const [index, line] of schemata.entries()) {
        const other = line.startsWith('L3:') ? l3CacheSchema : line.startsWith('MB:') ? memBwSchema : undefined;
        if (other !== undefined) yield at(`linux.intelRdt.schemata[${index}]`, 'overrides the schema beside it');
      }
    },
  },
];
