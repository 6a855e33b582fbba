/**
 * Sum-of-Gamma's law by other roads than the library's: the characteristic function integrated along the real line
 * (Gil-Pelaez 1951), and a mixture of gamma laws (Moschopoulos 1985).
 */

export type Distribution = (x: number) => number;

/** P(X ≤ x) for κ = 1: (1 − e^{−x}/s)^s, or exp(−e^{−x}) for s = ∞. It also is the law of the sum of κ draws. */
export function sumDistribution(iterations: number): Distribution {
  if (iterations === Infinity) return (x) => Math.exp(-Math.exp(-x));
  return (x) => (x <= -Math.log(iterations) ? 0 : Math.exp(iterations * Math.log1p(-Math.exp(-x) / iterations)));
}

/** P(X ≤ x) by F = ½ − (1/π) ∫ Im(e^{−itx} φ(t))/t dt, φ(t) = e^{−it ln(s)/κ} Π (1 − it/i)^{−1/κ}; to 1e-10. */
export function byCharacteristicFunction(kappa: number, iterations: number): Distribution {
  const step = 0.1;
  const moduli: number[] = [];
  const angles: number[] = [];
  for (let j = 0; j < 20_000; j++) {
    const t = (j + 0.5) * step;
    const [logModulus, angle] = logCharacteristic(t, iterations);
    if (logModulus / kappa < -30) break;
    moduli.push((Math.exp(logModulus / kappa) * step) / (Math.PI * t));
    angles.push(angle / kappa);
  }
  return (x) => {
    let sum = 0.5;
    for (let j = 0; j < moduli.length; j++) sum -= moduli[j]! * Math.sin(angles[j]! - (j + 0.5) * step * x);
    return sum;
  };
}

/** Logarithm of the modulus, and the continuous angle, of φ(t) for κ = 1. */
function logCharacteristic(t: number, iterations: number): [number, number] {
  const terms = Math.min(iterations, 1000);
  let logModulus = 0;
  let angle = 0;
  for (let i = 1; i <= terms; i++) {
    logModulus -= 0.5 * Math.log1p((t / i) ** 2);
    angle += Math.atan2(t, i);
  }
  if (iterations !== Infinity) return [logModulus, angle - t * Math.log(iterations)];
  // The rest of the product is Γ(N + 1 − it)/(Γ(N + 1) N^{−it}) up to what vanishes, by Stirling's formula.
  const n = terms + 1;
  const logRadius = 0.5 * Math.log(n * n + t * t);
  const turn = -Math.atan2(t, n);
  const norm = 12 * (n * n + t * t);
  const real = (n - 0.5) * logRadius + t * turn - n + n / norm;
  const imaginary = (n - 0.5) * turn - t * logRadius + t + t / norm;
  const atZero = (n - 0.5) * Math.log(n) - n + 1 / (12 * n);
  return [logModulus + real - atZero, angle + imaginary];
}

/** P(X ≤ x) as a mixture of Gamma(s/κ + k, 1/s), for s up to about a hundred; to 1e-11. */
export function byGammaMixture(kappa: number, iterations: number, highest: number): Distribution {
  const s = iterations;
  const shift = Math.log(s) / kappa;
  const count = Math.ceil(s * (highest + shift) + 12 * Math.sqrt(s * (highest + shift)) + 60);
  const powers = Array.from({ length: s }, (_, i) => 1 - (i + 1) / s);
  const current = powers.map(() => 1 / kappa);
  const gammas = [0];
  for (let k = 1; k <= count; k++) {
    let sum = 0;
    for (let i = 0; i < s; i++) sum += current[i]! *= powers[i]!;
    gammas.push(sum);
  }
  const weights = [1];
  for (let k = 1; k <= count; k++) {
    let sum = 0;
    for (let i = 1; i <= k; i++) sum += gammas[i]! * weights[k - i]!;
    weights.push(sum / k);
  }
  let logFactor = 0;
  for (let i = 1; i <= s; i++) logFactor += Math.log(i / s) / kappa;
  return (x) => {
    const y = s * (x + shift);
    if (y <= 0) return 0;
    // From the last term down: P(a, y) = P(a + 1, y) + y^a e^{−y}/Γ(a + 1).
    let probability = 0;
    let sum = 0;
    for (let k = count; k >= 0; k--) {
      const a = s / kappa + k;
      probability += Math.exp(a * Math.log(y) - y - logGamma(a + 1));
      sum += weights[k]! * probability;
    }
    return Math.exp(logFactor) * sum;
  };
}

/** ln Γ(x), x > 0. */
export function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 12; at++) shift -= Math.log(at);
  const square = 1 / (at * at);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / at;
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series;
}
