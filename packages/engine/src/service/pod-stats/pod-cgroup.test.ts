import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podCgroupPath } from './pod-cgroup.ts';

test("a pod's own cgroup is found by what either driver calls it", () => {
  assert.equal(podCgroupPath(''), undefined);
  assert.equal(podCgroupPath('/kubepods/besteffort/pod1'), '/kubepods/besteffort/pod1');
  assert.equal(podCgroupPath('kubepods/pod1/'), '/kubepods/pod1');
  const slice = '/kubepods.slice/kubepods-pod1.slice';
  assert.equal(podCgroupPath('kubepods-pod1.slice'), slice);
  assert.equal(podCgroupPath('/kubepods-pod1.slice'), slice);
  assert.equal(podCgroupPath(slice), slice);
});
