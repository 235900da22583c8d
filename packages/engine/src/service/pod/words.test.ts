import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkPodMetadata, containerName, sandboxName } from './name.ts';
import { resolvConf } from './resolv-conf.ts';
import { sameJson } from './same-json.ts';

const metadata = { name: 'web', namespace: 'default', uid: 'u-1', attempt: 2 };

describe('names of pods and containers', () => {
  it('read as those of the first kubelets', () => {
    assert.equal(sandboxName(metadata), 'k8s_POD_web_default_u-1_2');
    assert.equal(containerName(metadata, { name: 'app', attempt: 0 }), 'k8s_app_web_default_u-1_2_0');
  });

  it('are different for different metadata, underscores or not', () => {
    const one = sandboxName({ ...metadata, name: 'a_b', namespace: 'c' });
    const other = sandboxName({ ...metadata, name: 'a', namespace: 'b_c' });
    assert.notEqual(one, other);
    assert.notEqual(sandboxName({ ...metadata, name: 'a%5Fb' }), sandboxName({ ...metadata, name: 'a_b' }));
  });

  it('need all of their parts', () => {
    assert.throws(() => checkPodMetadata({ ...metadata, uid: '' }), /config\.metadata\.uid is required/);
  });
});

describe('resolv.conf of a pod', () => {
  const host = () => 'nameserver 10.0.0.1\n';
  const none = { servers: [], searches: [], options: [] };

  it("is the host's when nothing is said, and empty when nothing is asked for", () => {
    assert.equal(resolvConf(undefined, host), 'nameserver 10.0.0.1\n');
    assert.equal(resolvConf(none, host), '');
  });

  it('has one line of domains, one for each server and one of options', () => {
    const text = resolvConf({ servers: ['1.1.1.1', '::1'], searches: ['a', 'b'], options: ['ndots:5', 'edns0'] }, host);
    assert.equal(text, 'search a b\nnameserver 1.1.1.1\nnameserver ::1\noptions ndots:5 edns0\n');
  });
});

describe('equal requests', () => {
  it('have equal words whatever the order of their keys', () => {
    assert.equal(sameJson({ b: [1, { d: 1, c: 2 }], a: null }), sameJson({ a: null, b: [1, { c: 2, d: 1 }] }));
    assert.notEqual(sameJson({ a: [1, 2] }), sameJson({ a: [2, 1] }));
  });
});
