import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import { SYS, address, syscall } from './call.ts';
import { close } from './file.ts';
import { AT_FDCWD } from './flag.ts';
import { isSealed, sealedMemfd } from './memory-file.ts';
import { umount } from './mount.ts';
import { netlinkSocketIn } from './namespace.ts';
import { netlinkReceive, netlinkSend } from './netlink.ts';
import { kill, pidfdOpen, pidfdSendSignal, prctl } from './process.ts';

describe('system calls', () => {
  it('refuses arguments that are no number, text or bytes, and too many of them', () => {
    const EINVAL = -22;
    assert.equal(syscall(SYS.kill, {} as never), EINVAL);
    assert.equal(syscall(SYS.kill, null as never), EINVAL);
    assert.equal(syscall(SYS.kill, new Uint16Array(4) as never), EINVAL);
    assert.equal(syscall(SYS.kill, 1, 2, 3, 4, 5, 6, 7), EINVAL);
    assert.equal((syscall as unknown as () => number)(), EINVAL);
    assert.equal(syscall(-1), -38);
  });

  it('takes bigints and gives addresses', () => {
    const link = Buffer.from('/proc/self\0');
    const target = String(process.pid);
    const text = Buffer.alloc(32);
    assert.equal(syscall(SYS.readlinkat, AT_FDCWD, address(link), address(text), BigInt(text.length)), target.length);
    assert.equal(text.toString('utf8', 0, target.length), target);
    assert.equal(syscall(SYS.kill, BigInt(process.pid), 0n), 0);
  });

  it('makes copies that run and that nobody can change', () => {
    const fd = sealedMemfd('/bin/true');
    try {
      assert.ok(isSealed(fd));
      assert.throws(() => writeSync(fd, 'x'), { code: 'EPERM' });
      assert.equal(spawnSync('/proc/self/fd/3', { stdio: ['ignore', 'ignore', 'ignore', fd] }).status, 0);
    } finally {
      closeSync(fd);
    }
    const bytes = sealedMemfd(Buffer.from('content'));
    assert.equal(readFileSync(`/proc/self/fd/${bytes}`, 'utf8'), 'content');
    closeSync(bytes);
    assert.throws(() => sealedMemfd('/nonexistent/file'), { code: 'ENOENT' });
    assert.equal(isSealed(0), false);
  });

  it('signals processes by descriptor and tells when they are gone', async () => {
    const child = spawn('/bin/sleep', ['1000']);
    const pidfd = pidfdOpen(child.pid!);
    assert.equal(pidfdSendSignal(pidfd, 0), true);
    assert.equal(pidfdSendSignal(pidfd, 9), true);
    await new Promise((done) => child.once('exit', done));
    assert.equal(child.signalCode, 'SIGKILL');
    assert.equal(pidfdSendSignal(pidfd, 9), false);
    assert.equal(kill(child.pid!, 0), false);
    close(pidfd);
    assert.throws(() => pidfdOpen(child.pid!), { code: 'ESRCH' });
    assert.throws(() => prctl(-1), { code: 'EINVAL', syscall: 'prctl' });
  });

  it('talks to netlink and comes back from another network namespace', () => {
    const before = readlinkSync('/proc/thread-self/ns/net');
    const fd = netlinkSocketIn('/proc/self/ns/net');
    const getLink = Buffer.alloc(32);
    getLink.writeUInt32LE(32, 0);
    getLink.writeUInt16LE(18, 4);
    getLink.writeUInt16LE(1 | 0x300, 6);
    netlinkSend(fd, getLink);
    assert.equal(netlinkReceive(fd).readUInt16LE(4), 16, 'RTM_NEWLINK');
    close(fd);
    assert.throws(() => netlinkSocketIn('/proc/self/ns/uts'), { syscall: 'setns' });
    assert.equal(readlinkSync('/proc/thread-self/ns/net'), before);
  });

  it('tells that nothing is mounted where nothing is', () => {
    assert.equal(umount('/nonexistent'), false);
    assert.equal(umount('/usr/bin'), false);
  });
});
