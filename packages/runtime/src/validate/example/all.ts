import type { BadSpec } from './example.ts';
import { badProcesses } from './process.ts';
import { badResources } from './resources.ts';
import { badFilters } from './seccomp.ts';
import { badShapes, badWords } from './shape.ts';
import { badMounts, badUsers, badWholes } from './whole.ts';

/** Specs with one thing wrong each. */
export const badSpecs: readonly BadSpec[] = [
  ...badShapes,
  ...badWords,
  ...badWholes,
  ...badUsers,
  ...badMounts,
  ...badFilters,
  ...badProcesses,
  ...badResources,
];
