import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { containerFlags, unsupportedFlags } from './container-flags.ts';
import { containerRequest } from './container-request.ts';
import { parseLine } from './flag/parse.ts';

function request(line: string, env: NodeJS.ProcessEnv = {}) {
  const { flags, args } = parseLine(
    line.split(' '),
    { ...unsupportedFlags, ...containerFlags },
    { stopAtArgument: true },
  );
  return containerRequest(flags, args, env);
}

test('a plain request has nothing but the image', () => assert.deepEqual(request('busybox'), { image: 'busybox' }));

test('every flag reaches the daemon under its name', () => {
  const line =
    '--name n -it --rm -e A=b -e HOME -w /w -u 1:2 -v /a:/b:ro --mount type=tmpfs,target=/t --tmpfs /r:size=1m --read-only' +
    ' -m 64m --memory-swap -1 --memory-reservation 32m --cpus 1.5 -c 512 --cpuset-cpus 0,1 --pids-limit 99 -h host' +
    ' --cap-add ALL --cap-drop CHOWN --privileged --security-opt seccomp=unconfined --entrypoint /e --network none' +
    ' -l x=y --stop-signal INT --stop-timeout 3 --ulimit nofile=5 --sysctl a.b=1 --shm-size 1m --oom-score-adj 7' +
    ' --pid host --ipc host --uts host img cmd -x';
  assert.deepEqual(request(line, { HOME: '/h' }), {
    image: 'img',
    command: ['cmd', '-x'],
    name: 'n',
    entrypoint: ['/e'],
    env: ['A=b', 'HOME=/h'],
    labels: { x: 'y' },
    hostname: 'host',
    user: '1:2',
    workingDir: '/w',
    tty: true,
    openStdin: true,
    autoRemove: true,
    privileged: true,
    capAdd: ['ALL'],
    capDrop: ['CHOWN'],
    network: 'none',
    pid: 'host',
    ipc: 'host',
    uts: 'host',
    stopSignal: 'INT',
    stopTimeout: 3,
    mounts: [{ source: '/a', target: '/b', readonly: true, createSource: true }],
    tmpfs: [
      { target: '/r', options: ['size=1m'] },
      { target: '/t', options: [] },
    ],
    readonlyRootfs: true,
    shmSize: 1 << 20,
    memory: 64 << 20,
    memorySwap: -1,
    memoryReservation: 32 << 20,
    nanoCpus: 15e8,
    cpuShares: 512,
    cpusetCpus: '0,1',
    pidsLimit: 99,
    oomScoreAdj: 7,
    ulimits: [{ name: 'nofile', soft: 5, hard: 5 }],
    sysctls: { 'a.b': '1' },
    seccomp: 'unconfined',
  });
});

test('an empty entrypoint takes the image’s away', () =>
  assert.deepEqual(request('--entrypoint= i sh').entrypoint, []));

test('a quota and a period are a number of cores', () => {
  assert.equal(request('--cpu-quota 50000 i').nanoCpus, 5e8);
  assert.equal(request('--cpu-quota 50000 --cpu-period 25000 i').nanoCpus, 2e9);
});

test('a flag that cannot be honoured is refused by name', () => {
  for (const line of ['-p 80:80 i', '--init i', '--device /dev/x i', '--restart always i', '-v data:/x i']) {
    assert.throws(
      () => request(line),
      (error) => error instanceof BerthError && error.code === 'bad_flag',
      line,
    );
  }
});

test('a working directory must be absolute', () => assert.throws(() => request('-w x i')));
