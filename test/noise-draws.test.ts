import {
  drawNoise,
  type DrawableNoise,
  type Engine,
  gumbel,
  laplace,
  type Noise,
  normal,
  randomBits,
  sumOfGamma,
} from "webgpu-imle";
import { laplaceQuantile, normalQuantile, philox4Cpu, sumOfGammaQuantile } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { sumDistribution } from "./support/sum-of-gamma.js";

const test = suite("draws of noise");

interface Law {
  readonly noise: DrawableNoise;
  readonly quantile: (tail: number, upper: boolean) => number;
}

const sumOfGammaLaws: Law[] = [1, 5, 10, 15.5].flatMap((kappa) =>
  [10, 100, 1000, Infinity].map((iterations) => ({
    noise: sumOfGamma({ kappa, iterations }),
    quantile: sumOfGammaQuantile(kappa, iterations),
  })),
);
const laws: Law[] = [
  ...sumOfGammaLaws,
  { noise: gumbel(), quantile: sumOfGammaQuantile(1, Infinity) },
  { noise: normal(), quantile: normalQuantile },
  { noise: laplace(), quantile: laplaceQuantile },
];

const farPlace = { seed: 0x9e3779b9, stream: 65535, call: 0xfffffffe };
const shape: [number, number, number] = [3, 2, 10];

/** What the twin gives for `drawNoise(engine, noise, shape, farPlace)`. */
function twinDraws(noise: Noise): number[] {
  const [instances, samples, size] = shape;
  const draws: number[] = [];
  for (let instance = 0; instance < instances; instance++) {
    for (let sample = 0; sample < samples; sample++) {
      const row: number[] = [];
      for (let q = 0; row.length < size; q++) {
        row.push(...noise.draw4!([q, sample, instance, farPlace.call], [farPlace.seed, farPlace.stream]));
      }
      draws.push(...row.slice(0, size));
    }
  }
  return draws;
}

test("the published vectors of Philox4x32-10 come from randomBits on the device", async () => {
  const engine = await testEngine();
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
    assert.equal([...(await randomBits(engine, [4], { key, counter }).read())], [...words]);
  }
});

test("randomBits counts blocks in the first counter word, which wraps, whatever the shape", async () => {
  const engine = await testEngine();
  const key = [0xdeadbeef, 3] as const;
  const bits = randomBits(engine, [3, 111], { key, counter: [0xfffffff0, 1, 2, 3] });
  assert.is(bits.dtype, "u32");
  const got = await bits.read();
  assert.is(got.length, 333);
  got.forEach((word, i) => {
    assert.is(word, philox4Cpu([(0xfffffff0 + (i >> 2)) >>> 0, 1, 2, 3], key)[i & 3], `element ${i}`);
  });
});

test("randomBits refuses words that are not u32", async () => {
  const engine = await testEngine();
  refused(
    () => randomBits(engine, [4], { key: [0, -1], counter: [0, 0, 0, 0] }),
    "value",
    /^randomBits: key must be 2 .* got \[0, -1\]/,
  );
  refused(
    () => randomBits(engine, [4], { key: [0, 0], counter: [0, 0, 0, 2 ** 32] }),
    "value",
    /^randomBits: counter must be 4/,
  );
  refused(() => randomBits(engine, [4], { key: [0, 0] } as never), "value", /counter must be 4 .* got undefined/);
});

test("draws by table are the twin's to 2e-6, by (index, sample, instance, call) and (seed, stream)", async () => {
  const engine = await testEngine();
  for (const { noise } of laws) {
    await scoped(engine, async () => {
      const expected = twinDraws(noise);
      const got = await drawNoise(engine, noise, shape, farPlace).read();
      expected.forEach((value, i) => {
        const distance = Math.abs(got[i]! - value);
        assert.ok(distance <= 2e-6, `${noise.name}, element ${i}: ${got[i]} for ${value}`);
      });
    });
  }
});

test("direct draws are the twin's to 1e-4, but for the rare try that f32 takes and f64 does not", async () => {
  const engine = await testEngine();
  for (const [kappa, iterations] of [[1, 10], [1.1, 3], [5, 10], [10, 100]] as const) {
    await scoped(engine, async () => {
      const noise = sumOfGamma({ kappa, iterations, method: "direct" });
      const expected = twinDraws(noise);
      const got = await drawNoise(engine, noise, shape, farPlace).read();
      const apart = expected.filter((value, i) => Math.abs(got[i]! - value) > 1e-4);
      assert.ok(apart.length <= 1, `${noise.name}: ${apart.length} of ${expected.length} differ`);
    });
  }
});

test("the ends of the words' range and of the octaves give the law's ends, never an infinity", async () => {
  const engine = await testEngine();
  const words = [0, 1, 2, 3, 0xfffff, 0xffffff, 0x3fffffff, 0x40000000, 0x7fffff00, 0x7fffffff, 0x55555555];
  for (const { noise, quantile } of [...laws.slice(0, 8), ...laws.slice(-3)]) {
    await scoped(engine, async () => {
      const text = noise.wgsl.replace("philox4(counter, key)", "vec4u(key.x, ~key.x, counter.w, ~counter.w)");
      assert.is.not(text, noise.wgsl);
      for (let i = 0; i < words.length; i += 2) {
        const pair = [words[i]!, words[i + 1] ?? 0];
        const at = { seed: pair[0]!, stream: 0, call: pair[1]! };
        const told: Noise = { ...noise, name: `${noise.name} of words`, wgsl: text };
        const got = await drawNoise(engine, told, [1, 1, 4], at).read();
        pair.forEach((word, j) => {
          const tail = (word | 1) * 2 ** -32;
          for (const upper of [false, true]) {
            const [x, expected] = [got[2 * j + Number(upper)]!, quantile(tail, upper)];
            // Rounding to 24 bits moves the tail by 2⁻²⁴ of itself at most.
            const tolerance = 2e-6 + 2 ** -23 * Math.abs(expected);
            const what = `${noise.name}, word ${word}, ${upper}`;
            assert.ok(Math.abs(x - expected) <= tolerance, `${what}: ${x} for ${expected}`);
          }
        });
      }
    });
  }
});

/** The largest distance between the draws' distribution and the law's, seen at 4,096 quantiles of equal steps. */
function distanceFrom(quantile: Law["quantile"], sorted: Float32Array): number {
  let distance = 0;
  for (let i = 1; i < 4096; i++) {
    const u = i / 4096;
    const below = countBelow(sorted, quantile(Math.min(u, 1 - u), u > 0.5));
    distance = Math.max(distance, Math.abs(below / sorted.length - u));
  }
  return distance;
}

function countBelow(sorted: Float32Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function drawn(engine: Engine, noise: Noise, count: number, seed: number): Promise<Float32Array> {
  const place = { seed, stream: 1, call: 0 };
  return scoped(engine, async () => (await drawNoise(engine, noise, [1, 1, count], place).read()) as Float32Array);
}

test("2^20 draws have the law's distribution (Kolmogorov-Smirnov, level 0.001), tails of 2^-12 included", async () => {
  const engine = await testEngine();
  const n = 2 ** 20;
  // One law of each κ, each with another s; the others are held to their twins' values above.
  const chosen = [...[0, 5, 10, 15].map((i) => sumOfGammaLaws[i]!), ...laws.slice(-3)];
  for (const { noise, quantile } of chosen) {
    const sorted = (await drawn(engine, noise, n, 11)).sort();
    const distance = distanceFrom(quantile, sorted);
    assert.ok(distance < 1.95 / Math.sqrt(n), `${noise.name}: distance ${distance}`);
    for (const exponent of [-12, -15]) {
      const expected = n * 2 ** exponent;
      const lower = countBelow(sorted, quantile(2 ** exponent, false));
      const upper = n - countBelow(sorted, quantile(2 ** exponent, true));
      for (const count of [lower, upper]) {
        const apart = Math.abs(count - expected) / Math.sqrt(expected);
        assert.ok(apart < 4, `${noise.name}: ${count} draws in a tail for ${expected}`);
      }
    }
  }
});

test("the sum of κ draws has distribution (1 − e^−x/s)^s: Kolmogorov-Smirnov, n 100,000, level 0.001", async () => {
  const engine = await testEngine();
  const n = 100_000;
  for (const kappa of [1, 5, 10]) {
    for (const iterations of [10, 100, 1000, Infinity]) {
      const draws = await drawn(engine, sumOfGamma({ kappa, iterations }), n * kappa, 12);
      const sums = new Float64Array(n);
      draws.forEach((draw, i) => (sums[Math.floor(i / kappa)]! += draw));
      sums.sort();
      const distribution = sumDistribution(iterations);
      let distance = 0;
      sums.forEach((sum, i) => {
        const u = distribution(sum);
        distance = Math.max(distance, u - i / n, (i + 1) / n - u);
      });
      assert.ok(distance < 1.95 / Math.sqrt(n), `κ ${kappa}, s ${iterations}: distance ${distance}`);
    }
  }
});

test("direct gamma sampling agrees with the table's law: Kolmogorov-Smirnov, n 16,384, level 0.001", async () => {
  const engine = await testEngine();
  const n = 2 ** 14;
  for (const [kappa, iterations] of [[1, 10], [5, 10], [10, 10], [15.5, 10], [1, 100], [10, 100]] as const) {
    const noise = sumOfGamma({ kappa, iterations, method: "direct" });
    const distance = distanceFrom(sumOfGammaQuantile(kappa, iterations), (await drawn(engine, noise, n, 13)).sort());
    assert.ok(distance < 1.95 / Math.sqrt(n), `${noise.name}: distance ${distance}`);
  }
});

test("streams, calls, samples, instances and seeds never share noise; the same place gives it again", async () => {
  const engine = await testEngine();
  for (const noise of [sumOfGamma({ kappa: 5 }), sumOfGamma({ kappa: 5, method: "direct" }), normal()]) {
    await scoped(engine, async () => {
      const at = { seed: 1, stream: 1, call: 1 };
      const others = [{ seed: 2 }, { stream: 2 }, { call: 2 }, { seed: 2, stream: 2, call: 2 }];
      const places = [at, ...others.map((other) => ({ ...at, ...other }))];
      const blocks = new Set<string>();
      let count = 0;
      for (const one of places) {
        const draws = await drawNoise(engine, noise, [8, 8, 16], one).read();
        for (let i = 0; i < draws.length; i += 4) {
          blocks.add(draws.slice(i, i + 4).join());
          count++;
        }
      }
      assert.is(blocks.size, count, `${noise.name}: blocks of four that are unlike all others`);
      const again = () => drawNoise(engine, noise, [8, 8, 16], at).read();
      assert.equal(await again(), await again());
    });
  }
});

test("a noise drawn by itself follows the engine's seed and calls", async () => {
  const engine = await testEngine();
  const noise = sumOfGamma({ kappa: 5 });
  engine.seed(7);
  const first = noise.sample(engine, [25, 40]);
  const second = noise.sample(engine, [25, 40]);
  engine.seed(7);
  const again = noise.sample(engine, [1000]);
  assert.equal([...first.shape], [25, 40]);
  assert.equal(await first.read(), await again.read());
  assert.not.equal(await first.read(), await second.read());
  const twin = Array.from({ length: 250 }, (_, q) => noise.draw4!([q, 0, 0, 0], [7, 0])).flat();
  const got = await first.read();
  twin.forEach((value, i) => assert.ok(Math.abs(got[i]! - value) <= 2e-6, `element ${i}`));
});

test.run();
