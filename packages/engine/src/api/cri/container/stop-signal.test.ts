import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signalNumber } from '@berth/model/signal';
import { Signal } from '@berth/wire/gen/cri/v1/api_pb';
import { stopSignal, stopSignalMessage } from './stop-signal.ts';

describe('stop signals', () => {
  it('every signal of the protocol is one of the kernel’s, and comes back as itself or as its other name', () => {
    for (const [name, value] of Object.entries(Signal)) {
      const linux = stopSignal(value, 'config.stop_signal');
      if (value === Signal.RUNTIME_DEFAULT) {
        assert.equal(linux, undefined);
        continue;
      }
      assert.ok(linux !== undefined, name);
      const back = stopSignal(stopSignalMessage(linux), 'config.stop_signal');
      assert.equal(signalNumber(back ?? ''), signalNumber(linux), name);
    }
  });

  it('real-time signals count from both ends', () => {
    assert.equal(stopSignal(Signal.SIGRTMINPLUS3, 'x'), 'SIGRTMIN+3');
    assert.equal(stopSignal(Signal.SIGRTMAXMINUS1, 'x'), 'SIGRTMAX-1');
    assert.equal(stopSignalMessage('SIGRTMIN+29'), Signal.SIGRTMAXMINUS1);
  });

  it('an image’s own spelling is understood', () => {
    assert.equal(stopSignalMessage('9'), Signal.SIGKILL);
    assert.equal(stopSignalMessage('quit'), Signal.SIGQUIT);
    assert.equal(stopSignalMessage('SIGPOLL'), Signal.SIGPOLL);
  });

  it('a number that the protocol does not have is refused', () => {
    assert.throws(() => stopSignal(99 as Signal, 'config.stop_signal'), { kind: 'invalid_argument' });
  });
});
