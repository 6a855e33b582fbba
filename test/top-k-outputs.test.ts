import { budgetedSubset, fenchelYoung, imle, noNoise, perturbAndMap, solve, solveOutputs, type Strategy, topK } from "webgpu-imle";
import { budgetedSubsetCpu, topKCpu, topKIndicesCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scoped, testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const engine = await testEngine();
const test = suite("top-k: values, indices, and a row's own k");
const names = ["values", "indices"] as const;

/**
 * Each kernel: all pairs, a list, radix selection, long rows by one and by parts, with a sort of one block and of many.
 * Lengths that are whole blocks of four share their kernels.
 */
const cases: readonly (readonly [number, number, Strategy])[] = [
  ...([[1, 1, "lane"], [20, 7, "lane"], [60, 12, "lane"], [700, 333, "lane"]] as const),
  ...([[9000, 20, "lane"], [9000, 1100, "lane"], [50_000, 100, "lane"]] as const),
  ...([[200, 150, "workgroup"], [4000, 30, "workgroup"], [4000, 700, "workgroup"]] as const),
];

/** Whole numbers, with many ties, and both zeros. */
function drawn(random: () => number, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => randomWhole(random, -9, 9) * (random() < 0.5 ? 1 : -1));
}

for (const [n, k, strategy] of cases) {
  test(`${k} of ${n} by ${strategy}: the best first, of equal ones the lowest index, a row's own k, fillers`, async () => {
    const random = randomSource(n + k);
    const rows = 3;
    const ties = drawn(random, rows * n);
    for (const weights of [ties, randomNumbers(random, rows * n)]) {
      const own = [k, 0, randomWhole(random, 0, k)];
      for (const given of [undefined, own]) {
        for (const largest of strategy === "lane" && n < 1000 ? [true, false] : [true]) {
          await scoped(engine, async () => {
            const theta = engine.tensor(weights, [rows, n]);
            const inputs = given && { k: engine.tensor(Uint32Array.from(given), [rows]) };
            const found = solveOutputs(topK(k, { largest }), theta, names, inputs, { strategy });
            assert.equal([found.values.shape, found.values.dtype], [[rows, k], "f32"]);
            assert.equal([found.indices.shape, found.indices.dtype], [[rows, k], "i32"]);
            const [state, values, indices] = await Promise.all([found.state, found.values, found.indices].map((x) => x.read()));
            for (let row = 0; row < rows; row++) {
              const weightsOfRow = weights.subarray(row * n, (row + 1) * n);
              const count = given?.[row] ?? k;
              const places = topKIndicesCpu(weightsOfRow, count, largest);
              const rest = Array.from({ length: k - count }, () => 0);
              const part = [row * k, (row + 1) * k] as const;
              assert.equal([...indices!.subarray(...part)], [...places, ...rest.map(() => -1)]);
              // −0 too: what is told is the weight, whatever it counts as.
              const bits = new Uint32Array(Float32Array.from(values!.subarray(...part)).buffer);
              const wanted = new Uint32Array(Float32Array.from([...places.map((i) => weightsOfRow[i]!), ...rest]).buffer);
              assert.equal(bits, wanted);
              assert.equal([...state!.subarray(row * n, (row + 1) * n)], [...topKCpu(weightsOfRow, count, largest)]);
            }
          });
        }
      }
    }
  });
}

test("either output alone, and none of no elements", async () => {
  const theta = engine.tensor([[4, 9, 1]]);
  assert.equal([...(await solveOutputs(topK(2), theta, ["values"]).values.read())], [9, 4]);
  assert.equal([...(await solveOutputs(topK(2), theta, ["indices"]).indices.read())], [1, 0]);
  const { state, values } = solveOutputs(topK(0), theta, names);
  assert.equal([values.shape, [...(await state.read())]], [[1, 0], [0, 0, 0]]);
  assert.equal(solveOutputs(topK(1), engine.zeros([0, 3]), names).indices.shape, [0, 1]);
});

test("values are the weights to the bit, NaN after all numbers", async () => {
  const bits = new Uint32Array([0x7fc00000, 0xff800000, 0x80000001, 1, 0x80000000, 0x7f800000, 0x807fffff, 0x7fffff]);
  const theta = engine.tensor(new Float32Array(bits.buffer), [1, 8]);
  for (const strategy of ["lane", "workgroup"] as const) {
    const { values, indices } = solveOutputs(topK(8), theta, names, undefined, { strategy });
    assert.equal([...(await indices.read())], [5, 7, 3, 4, 2, 6, 1, 0]);
    const read = await values.read();
    assert.ok(Number.isNaN(read[7]));
    const ordered = [0x7f800000, 0x7fffff, 1, 0x80000000, 0x80000001, 0x807fffff, 0xff800000];
    assert.equal([...new Uint32Array(read.slice(0, 7).buffer)], ordered);
  }
});

test("a row's own k holds in plain solving, under noise, in layers and losses, for one k of all rows too", async () => {
  const weights = randomNumbers(randomSource(3), 3 * 50);
  const own = [4, 0, 2];
  const theta = engine.tensor(weights, [3, 50], { requiresGrad: true });
  const k = engine.tensor(Uint32Array.from(own));
  const masks = (each: readonly number[]): number[] =>
    each.flatMap((count, row) => [...topKCpu(weights.subarray(50 * row, 50 * (row + 1)), count)]);
  assert.equal([...(await solve(topK(4), theta, { k }).read())], masks(own));
  const three = engine.tensor(Uint32Array.from([3]), []);
  assert.equal([...(await solve(topK(4), theta, { k: three }).read())], masks([3, 3, 3]));
  const counts = await perturbAndMap(topK(4), theta, { inputs: { k }, samples: 5, output: "counts" }).read();
  assert.equal([...counts], masks(own).map((one) => 5 * one));
  const z = imle(topK(4), { noise: noNoise() })(theta, { k });
  assert.equal([...(await z.read())], masks(own));
  const state = solve(topK(4), theta, { k });
  const loss = await fenchelYoung(topK(4), { noise: noNoise() })(theta, state, { k }).read();
  assert.ok(loss.every((one) => Math.abs(one) < 1e-5), "the state is the optimum");
});

test("a row's k above the solver's rejects the next read, and others are solved; wrong tensors are refused", async () => {
  const theta = engine.zeros([2, 4]);
  for (const [n, strategy] of [[4, "lane"], [4, "workgroup"], [60, "lane"], [9000, "lane"]] as const) {
    const weights = engine.zeros([2, n]);
    const k = engine.tensor(Uint32Array.from([1, 3]));
    const z = solve(topK(2), weights, { k }, { strategy });
    await rejected(z.read(), "value", /topK: a row's own k must be at most the solver's, got otherwise in instance 1/);
    const read = await z.read();
    assert.is(read.subarray(0, n).reduce((sum, one) => sum + one, 0), 1);
    assert.is(read.subarray(n).reduce((sum, one) => sum + one, 0), 2, "the solver's k");
  }
  const before = engine.stats().dispatches;
  refused(() => solve(topK(2), theta, { k: engine.tensor([1, 2]) }), "dtype", /input k must be u32, got f32/);
  const three = engine.tensor(Uint32Array.from([1, 2, 3]));
  refused(() => solve(topK(2), theta, { k: three }), "shape", /input k must have the shape \[2\]/);
  assert.is(engine.stats().dispatches, before);
});

test("a budgeted subset has the same outputs and input; k may exceed n", async () => {
  const weights = new Float32Array([1, -2, NaN, 3, 0, 2, -0, -1]);
  const theta = engine.tensor(weights, [1, 8]);
  for (const strategy of ["lane", "workgroup"] as const) {
    const { state, values, indices } = solveOutputs(budgetedSubset(40), theta, names, undefined, { strategy });
    assert.equal([...(await state.read())], [...budgetedSubsetCpu(weights, 40)]);
    assert.equal([...(await values.read())], [3, 2, 1, 0, 0, 0, 0, 0]);
    assert.equal([...(await indices.read())], [3, 5, 0, -1, -1, -1, -1, -1]);
    const k = engine.tensor(Uint32Array.from([1]));
    assert.equal([...(await solve(budgetedSubset(40), theta, { k }, { strategy }).read())], [0, 0, 0, 1, 0, 0, 0, 0]);
  }
});

test.run();
