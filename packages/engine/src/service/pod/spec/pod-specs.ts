import { podContainerSpec } from './container-spec.ts';
import type { PodSpecs } from './contract.ts';
import { sandboxSpec } from './sandbox-spec.ts';
import { updateSpec } from './update-spec.ts';

export const podSpecs: PodSpecs = { sandbox: sandboxSpec, container: podContainerSpec, update: updateSpec };
