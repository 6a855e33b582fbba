import { gumbel, laplace, type Noise, normal, sumOfGamma } from "webgpu-imle";
import { laplaceQuantile, normalQuantile, philox4Cpu, sumOfGammaQuantile, uniformFromCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { refused } from "./support/errors.js";
import {
  byCharacteristicFunction,
  byGammaMixture,
  type Distribution,
  logGamma,
  sumDistribution,
} from "./support/sum-of-gamma.js";

const test = suite("laws of noise");
const { fround } = Math;

type Quantile = (tail: number, upper: boolean) => number;

const kappas = [1, 5, 10, 15.5];
const iterationCounts = [10, 100, 1000, Infinity];
const sumOfGammaLaws = kappas.flatMap((kappa) => iterationCounts.map((iterations) => ({ kappa, iterations })));

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} for ${expected}, tolerance ${tolerance}`);
}

/** The mean of f(X), by Gauss-Legendre quadrature over eighths of the octaves of either tail. */
function expectation(quantile: Quantile, f: (x: number) => number): number {
  const nodes = [0.8611363115940526, 0.3399810435848563];
  const weights = [0.3478548451374538, 0.6521451548625461];
  let sum = 0;
  for (let octave = -33; octave < -1; octave++) {
    for (let segment = 0; segment < 8; segment++) {
      const half = 2 ** octave / 16;
      const middle = 2 ** octave * (1 + segment / 8) + half;
      for (const upper of [false, true]) {
        nodes.forEach((node, i) => {
          const both = f(quantile(middle - node * half, upper)) + f(quantile(middle + node * half, upper));
          sum += weights[i]! * half * both;
        });
      }
    }
  }
  return sum;
}

function powerSum(iterations: number, power: number): number {
  const terms = Math.min(iterations, 100_000);
  let sum = 0;
  for (let i = terms; i >= 1; i--) sum += i ** -power;
  return iterations === Infinity ? sum + terms ** (1 - power) / (power - 1) - terms ** -power / 2 : sum;
}

test("Philox4x32-10 gives the published vectors", () => {
  const full = 0xffffffff;
  const vectors = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[full, full, full, full], [full, full], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const;
  for (const [counter, key, words] of vectors) {
    assert.equal(philox4Cpu(counter as never, key), [...words]);
  }
});

test("a uniform number is never 0 or 1", () => {
  assert.is(uniformFromCpu(0), 2 ** -24);
  assert.is(uniformFromCpu(0xffffffff), 1 - 2 ** -24);
});

test("for κ = 1 quantiles meet the closed distribution in both tails", () => {
  for (const iterations of iterationCounts) {
    const quantile = sumOfGammaQuantile(1, iterations);
    for (let exponent = -33; exponent <= -1; exponent += 0.25) {
      const tail = 2 ** exponent;
      const lower = sumDistribution(iterations)(quantile(tail, false));
      const x = quantile(tail, true);
      const s = iterations;
      const upper = s === Infinity ? -Math.expm1(-Math.exp(-x)) : -Math.expm1(s * Math.log1p(-Math.exp(-x) / s));
      near(lower / tail, 1, 1e-9, `s ${iterations}, lower tail 2^${exponent}`);
      near(upper / tail, 1, 1e-9, `s ${iterations}, upper tail 2^${exponent}`);
    }
  }
});

/** Fails unless the quantile is within `distance` of where the distribution function says. */
function expectQuantiles(quantile: Quantile, distribution: Distribution, distance: number, what: string): void {
  const slack = 1e-9;
  for (const upper of [false, true]) {
    for (let exponent = -16; exponent <= -1; exponent += 0.5) {
      const tail = 2 ** exponent;
      const u = upper ? 1 - tail : tail;
      const x = quantile(tail, upper);
      const [below, above] = [distribution(x - distance) - slack, distribution(x + distance) + slack];
      assert.ok(below <= u && u <= above, `${what}, u ${u}: x ${x} has ${below} … ${above}`);
    }
  }
}

test("quantiles are within 1e-6 of the distribution by a mixture of gammas, s 10 and 100", () => {
  for (const kappa of [5, 10, 15.5]) {
    for (const iterations of [10, 100]) {
      const quantile = sumOfGammaQuantile(kappa, iterations);
      const distribution = byGammaMixture(kappa, iterations, quantile(2 ** -16, true) + 1);
      expectQuantiles(quantile, distribution, 1e-6, `κ ${kappa}, s ${iterations}`);
    }
  }
});

test("quantiles are within 1e-6 of the distribution by the characteristic function, s 1000 and ∞", () => {
  for (const kappa of [5, 10, 15.5]) {
    for (const iterations of [1000, Infinity]) {
      const distribution = byCharacteristicFunction(kappa, iterations);
      expectQuantiles(sumOfGammaQuantile(kappa, iterations), distribution, 1e-6, `κ ${kappa}, s ${iterations}`);
    }
  }
});

test("the mean and three cumulants are those of the definition, (n − 1)!/κ Σ i⁻ⁿ", () => {
  for (const { kappa, iterations } of sumOfGammaLaws) {
    const what = `κ ${kappa}, s ${iterations}`;
    const quantile = sumOfGammaQuantile(kappa, iterations);
    const euler = 0.5772156649015329;
    const mean = (iterations === Infinity ? euler : powerSum(iterations, 1) - Math.log(iterations)) / kappa;
    const central = (power: number): number => expectation(quantile, (x) => (x - mean) ** power);
    const variance = powerSum(iterations, 2) / kappa;
    near(expectation(quantile, (x) => x), mean, 2e-7, `${what}, mean`);
    near(central(2), variance, 1e-6, `${what}, variance`);
    near(central(3), (2 / kappa) * powerSum(iterations, 3), 1e-5, `${what}, third cumulant`);
    near(central(4) - 3 * variance ** 2, (6 / kappa) * powerSum(iterations, 4), 1e-4, `${what}, fourth cumulant`);
  }
});

test("the moment generating function is [Γ(s+1)Γ(1−z)s^−z/Γ(s+1−z)]^(1/κ), also far down the lower tail", () => {
  const largerOnes = [
    { kappa: 39, iterations: 10 },
    { kappa: 200, iterations: 1000 },
  ];
  for (const { kappa, iterations } of [...sumOfGammaLaws, ...largerOnes]) {
    const quantile = sumOfGammaQuantile(kappa, iterations);
    for (const z of [-12, -6, -3, -1, 0.3]) {
      let logMoment = logGamma(1 - z);
      if (iterations !== Infinity) {
        logMoment += logGamma(iterations + 1) - z * Math.log(iterations) - logGamma(iterations + 1 - z);
      }
      const ratio = expectation(quantile, (x) => Math.exp(z * x - logMoment / kappa));
      // What lies below a tail of 2⁻³³ is left out, and weighs most for κ = 1.
      if (kappa > 1 || z > -6) near(ratio, 1, 2e-6, `κ ${kappa}, s ${iterations}, z ${z}`);
    }
  }
});

test("an infinite sum is met in the limit, and fractional κ lies between whole ones", () => {
  for (const upper of [false, true]) {
    for (const tail of [2 ** -30, 1e-4, 0.3]) {
      near(sumOfGammaQuantile(7, 1e6)(tail, upper), sumOfGammaQuantile(7, Infinity)(tail, upper), 2e-5, "s 10⁶");
      const at = (kappa: number): number => sumOfGammaQuantile(kappa, 100)(tail, upper);
      const [low, between, high] = [at(5), at(5.5), at(6)];
      assert.ok((low - between) * (between - high) > 0, `κ 5.5 at ${tail}: ${low}, ${between}, ${high}`);
    }
  }
});

test("normal quantiles meet erfc by its series and its continued fraction", () => {
  for (let exponent = -33; exponent <= -1; exponent += 0.25) {
    const tail = 2 ** exponent;
    const x = normalQuantile(tail, true);
    near(normalTail(x) / tail, 1, 1e-12, `tail 2^${exponent}`);
    assert.is(normalQuantile(tail, false), -x);
  }
});

test("Laplace quantiles meet the closed distribution, eˣ/2 below 0 and the mirror image above", () => {
  for (let exponent = -33; exponent <= -1; exponent += 0.25) {
    const tail = 2 ** exponent;
    near(Math.exp(laplaceQuantile(tail, false)) / 2 / tail, 1, 1e-13, `lower tail 2^${exponent}`);
    near(Math.exp(-laplaceQuantile(tail, true)) / 2 / tail, 1, 1e-13, `upper tail 2^${exponent}`);
  }
  assert.is(laplaceQuantile(0.5, false) + 0, 0);
});

/** P(Z > x): ½ − φ(x)(x + x³/3 + x⁵/15 + …) for small x, Mills' ratio as a continued fraction for large. */
function normalTail(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 120; n++) sum += term *= (x * x) / (2 * n + 1);
    return 0.5 - density * sum;
  }
  let fraction = x;
  for (let n = 200; n >= 1; n--) fraction = x + n / fraction;
  return density / fraction;
}

test("the table is within 2e-6 of the quantile function, and one ulp more where the noise exceeds 16", () => {
  const laws: [Noise, Quantile][] = [
    [gumbel(), sumOfGammaQuantile(1, Infinity)],
    [normal(), normalQuantile],
    [laplace(), laplaceQuantile],
    ...[...sumOfGammaLaws, { kappa: 39, iterations: 10 }].map(
      ({ kappa, iterations }): [Noise, Quantile] => [
        sumOfGamma({ kappa, iterations }),
        sumOfGammaQuantile(kappa, iterations),
      ],
    ),
  ];
  for (const [noise, quantile] of laws) {
    const word = (row: number): number => noise.table![row]!;
    for (let octave = 1; octave < 31; octave++) {
      for (let segment = 0; segment < 256; segment += 5) {
        for (const place of [0, 0.15, 0.5, 0.85, 0.999].map(fround)) {
          for (const upper of [false, true]) {
            const row = (octave - 1) * 256 + segment + (upper ? 8192 : 0);
            const tail = 2 ** (octave - 32) * (1 + (segment + place) / 256);
            const x = fround(word(row) + fround(place * fround(word(row + 1) - word(row))));
            near(x, quantile(tail, upper), Math.abs(x) < 16 ? 2e-6 : 4e-6, `${noise.name}, tail ${tail}, ${upper}`);
          }
        }
      }
    }
  }
});

test("direct gamma sampling has the distribution of the quantiles: Kolmogorov-Smirnov, n 4,000, level 0.001", () => {
  for (const [kappa, iterations] of [[1, 10], [1.1, 10], [5, 10], [10, 10], [15.5, 10], [5, 100]] as const) {
    const noise = sumOfGamma({ kappa, iterations, method: "direct" });
    const n = 4000;
    const draws: number[] = [];
    for (let q = 0; draws.length < n; q++) draws.push(...noise.draw4!([q, 1, 2, 3], [4, 5]));
    draws.sort((a, b) => a - b);
    const quantile = sumOfGammaQuantile(kappa, iterations);
    let distance = 0;
    draws.forEach((draw, i) => {
      const u = probabilityOf(quantile, draw);
      distance = Math.max(distance, u - i / n, (i + 1) / n - u);
    });
    const limit = 1.95 / Math.sqrt(n);
    assert.ok(distance < limit, `${noise.name}: distance ${distance}, limit ${limit}`);
  }
});

function probabilityOf(quantile: Quantile, x: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (quantile(Math.min(middle, 1 - middle), middle > 0.5) < x) low = middle;
    else high = middle;
  }
  return low;
}

test("a law refused says what κ, iterations and method may be", () => {
  for (const kappa of [0.5, 0, -1, NaN, Infinity, 1e6 + 1]) {
    refused(() => sumOfGamma({ kappa }), "value", /^sumOfGamma: kappa must be at (least 1|most 1,000,000), got /);
  }
  for (const iterations of [0, 2.5, -Infinity, NaN, 1e6 + 1]) {
    refused(() => sumOfGamma({ kappa: 2, iterations }), "value", /^sumOfGamma: iterations must be a whole number/);
  }
  for (const iterations of [1025, Infinity]) {
    refused(() => sumOfGamma({ kappa: 2, iterations, method: "direct" }), "value", /at most 1,024/);
  }
  refused(() => sumOfGamma({ kappa: 2, method: "exact" as never }), "value", /method must be/);
});

test("a law asked for again is the same one, so that its table is uploaded once", () => {
  assert.is(sumOfGamma({ kappa: 6, iterations: 20 }), sumOfGamma({ kappa: 6, iterations: 20 }));
  assert.is(gumbel(), gumbel());
  assert.is(normal(), normal());
});

test.run();
