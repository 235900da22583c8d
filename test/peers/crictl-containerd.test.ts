import { containerdTarget, whyNoContainerdTarget } from '../harness/cri-target.ts';
import { crictlSuite } from './crictl-suite.ts';

// What crictl does is proven on containerd first.
crictlSuite({ name: 'containerd', skip: whyNoContainerdTarget, open: containerdTarget });
