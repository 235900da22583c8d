import { berthTarget, whyNoTarget } from '../../harness/cri-target.ts';
import { registerSuite } from './suite/register.ts';

await registerSuite({ name: 'berthd', skip: whyNoTarget, open: berthTarget });
