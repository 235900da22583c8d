/** What is passed on to a container: signals that somebody sends a program to tell it something. */
const proxied: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
];

/** After this many attempts to end us, we end: the container may not listen. */
const patience = 3;

/** Passes signals of this process on, until disposed. `giveUp` is called when the user insists. */
export function proxySignals(send: (signal: NodeJS.Signals) => void, giveUp: () => void): Disposable {
  let attempts = 0;
  const handle = (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') attempts++;
    if (attempts >= patience) giveUp();
    else send(signal);
  };
  return onSignals(proxied, handle);
}

/** Handles signals until disposed. */
export function onSignals(signals: readonly NodeJS.Signals[], handle: (signal: NodeJS.Signals) => void): Disposable {
  for (const signal of signals) process.on(signal, handle);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
