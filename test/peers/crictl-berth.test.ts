import { berthTarget, whyNoTarget } from '../harness/cri-target.ts';
import { crictlSuite } from './crictl-suite.ts';

crictlSuite({ name: 'berthd', skip: whyNoTarget, open: berthTarget });
