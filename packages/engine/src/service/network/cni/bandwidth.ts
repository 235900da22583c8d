const decimal = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const least = 1e3;
const most = 1e15;

/**
 * A Kubernetes quantity (`10M`, `1.5Gi`, `2e6`, `500000`) as whole bits per second, rounded up; undefined when it is none
 * or outside of what kubelet takes, 1k to 1P.
 */
export function bitsPerSecond(quantity: string): number | undefined {
  const [, digits, exponent, suffix] = /^\+?(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d+)|([a-zA-Z]*))$/.exec(quantity) ?? [];
  if (digits === undefined) return undefined;
  const factor = exponent === undefined ? factorOf(suffix ?? '') : Number(`1${exponent}`);
  if (factor === undefined) return undefined;
  const value = Math.ceil(Number(digits) * factor);
  return value >= least && value <= most ? value : undefined;
}

function factorOf(suffix: string): number | undefined {
  if (suffix === 'm') return 1e-3;
  if (decimal.includes(suffix)) return 1000 ** decimal.indexOf(suffix);
  return binary.includes(suffix) ? 1024 ** binary.indexOf(suffix) : undefined;
}
