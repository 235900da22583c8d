import { containerdTarget, whyNoContainerdTarget } from '../../harness/cri-target.ts';
import { registerSuite } from './suite/register.ts';

// The suite is proven on containerd first: a case that fails elsewhere is then not our misunderstanding.
await registerSuite({ name: 'containerd', skip: whyNoContainerdTarget, open: containerdTarget });
