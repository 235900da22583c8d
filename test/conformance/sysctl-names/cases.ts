import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { userNamespace, withoutNamespace } from '../suite/spec.ts';

export const cases: readonly Case[] = [
  {
    name: 'a sysctl of the network namespace',
    spec: (spec) => (spec.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'net.ipv4.ip_unprivileged_port_start': '99' }),
    probe: ['read /proc/sys/net/ipv4/ip_forward', 'read /proc/sys/net/ipv4/ip_unprivileged_port_start'],
    expect: (seen) => {
      assert.equal(seen.of('read /proc/sys/net/ipv4/ip_forward'), '1\n');
      assert.equal(seen.of('read /proc/sys/net/ipv4/ip_unprivileged_port_start'), '99\n');
    },
  },
  {
    name: 'a sysctl of the ipc namespace, and not outside',
    spec: (spec) =>
      (spec.linux.sysctl = { 'kernel.shmmni': '1234', 'kernel.msgmax': '7000', 'kernel.sem': '100 200 30 40' }),
    probe: ['read /proc/sys/kernel/shmmni', 'read /proc/sys/kernel/msgmax', 'read /proc/sys/kernel/sem'],
    expect: (seen) => {
      assert.equal(seen.of('read /proc/sys/kernel/shmmni'), '1234\n');
      assert.equal(seen.of('read /proc/sys/kernel/msgmax'), '7000\n');
      assert.equal(seen.of('read /proc/sys/kernel/sem'), '100\t200\t30\t40\n');
      assert.notEqual(readFileSync('/proc/sys/kernel/shmmni', 'utf8'), '1234\n');
    },
  },
  {
    name: 'a sysctl of message queues',
    spec: (spec) => (spec.linux.sysctl = { 'fs.mqueue.queues_max': '7' }),
    probe: ['read /proc/sys/fs/mqueue/queues_max'],
    expect: (seen) => assert.equal(seen.of('read /proc/sys/fs/mqueue/queues_max'), '7\n'),
  },
  {
    name: 'a sysctl of the user namespace, and not outside',
    since: '1.2',
    spec: (spec) => {
      userNamespace(spec);
      spec.linux.sysctl = { 'user.max_mnt_namespaces': '321' };
    },
    probe: ['read /proc/sys/user/max_mnt_namespaces'],
    expect: (seen) => {
      assert.equal(seen.of('read /proc/sys/user/max_mnt_namespaces'), '321\n');
      assert.notEqual(readFileSync('/proc/sys/user/max_mnt_namespaces', 'utf8'), '321\n');
    },
  },
  {
    name: 'a name may be written with slashes',
    since: '1.2',
    spec: (spec) => (spec.linux.sysctl = { 'net/ipv4/ip_forward': '1' }),
    probe: ['read /proc/sys/net/ipv4/ip_forward'],
    expect: (seen) => assert.equal(seen.of('read /proc/sys/net/ipv4/ip_forward'), '1\n'),
  },
  {
    name: 'the domainname as a sysctl of the uts namespace',
    spec: (spec) => (spec.linux.sysctl = { 'kernel.domainname': 'by.sysctl' }),
    probe: ['uname'],
    expect: (seen) => assert.equal(seen.of<{ domainname: string }>('uname').domainname, 'by.sysctl'),
  },
  {
    name: 'a sysctl in a user namespace',
    spec: (spec) => {
      userNamespace(spec);
      spec.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
    },
    probe: ['read /proc/sys/net/ipv4/ip_forward'],
    expect: (seen) => assert.equal(seen.of('read /proc/sys/net/ipv4/ip_forward'), '1\n'),
  },
  {
    name: 'a sysctl is set though /proc/sys is read-only inside',
    spec: (spec) => {
      spec.linux.readonlyPaths = ['/proc/sys'];
      spec.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
    },
    probe: ['read /proc/sys/net/ipv4/ip_forward', 'open /proc/sys/net/ipv4/ip_forward w'],
    expect: (seen) => {
      assert.equal(seen.of('read /proc/sys/net/ipv4/ip_forward'), '1\n');
      assert.equal(seen.of('open /proc/sys/net/ipv4/ip_forward w'), 'EROFS');
    },
  },
  {
    name: 'a sysctl of no namespace is refused',
    spec: (spec) => (spec.linux.sysctl = { 'vm.swappiness': '10' }),
    run: refused(/vm.swappiness/),
  },
  {
    name: 'kernel.hostname is refused: there is a field for it',
    spec: (spec) => (spec.linux.sysctl = { 'kernel.hostname': 'x' }),
    run: refused(/kernel.hostname/),
  },
  {
    name: 'a sysctl of the network namespace of the host is refused',
    spec: (spec) => {
      withoutNamespace(spec, 'network');
      spec.mounts = spec.mounts.filter(({ destination }) => destination !== '/sys');
      spec.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
    },
    run: refused(/net.ipv4.ip_forward/),
  },
  {
    name: 'a sysctl of the ipc namespace of the host is refused',
    spec: (spec) => {
      withoutNamespace(spec, 'ipc');
      spec.mounts = spec.mounts.filter(({ destination }) => destination !== '/dev/mqueue');
      spec.linux.sysctl = { 'kernel.shmmni': '1234' };
    },
    run: refused(/kernel.shmmni/),
  },
  {
    name: 'a sysctl that does not exist is refused with its name',
    spec: (spec) => (spec.linux.sysctl = { 'net.ipv4.no_such_thing': '1' }),
    run: refused(/no_such_thing/),
  },
  {
    name: 'a name that climbs out is refused',
    spec: (spec) => (spec.linux.sysctl = { 'net.ipv4.../../../vm/swappiness': '1' }),
    run: refused(/./),
  },
];
