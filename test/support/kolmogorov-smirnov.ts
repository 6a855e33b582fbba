/** The largest distance of the sample's distribution from the one given. */
export function kolmogorovSmirnov(sample: Float32Array, distribution: (x: number) => number): number {
  const sorted = sample.slice().sort();
  let distance = 0;
  sorted.forEach((x, i) => {
    const expected = distribution(x);
    distance = Math.max(distance, Math.abs(expected - i / sorted.length), Math.abs(expected - (i + 1) / sorted.length));
  });
  return distance;
}

/** What the distance of `count` true draws exceeds once in 10,000 times: sqrt(ln(2/1e-4)/2/n). */
export const criticalDistance = (count: number): number => Math.sqrt(Math.log(2 / 1e-4) / 2 / count);

/** Φ by Abramowitz and Stegun 7.1.26, off by 1.5e-7 at most. */
export function normalDistribution(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = 0.5 * series * Math.exp(-z * z);
  return x < 0 ? tail : 1 - tail;
}
