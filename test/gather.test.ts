import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gather, oneHot, scatterAdd, takeAlongAxis, type Tensor } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { flatPlace, type IndexMap, movedElements, movedGradient, sizeOf } from "./support/index-map.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const engine = await testEngine();

interface Case {
  name: string;
  from: readonly number[];
  indexShape: readonly number[];
  axis: number;
  /** Distinct values that the indices take. */
  range: number;
}

const cases: Case[] = [
  { name: "of a vector", from: [9], indexShape: [20], axis: 0, range: 9 },
  { name: "of rows in vectors of four", from: [7, 8], indexShape: [11], axis: 0, range: 7 },
  { name: "of rows of three", from: [7, 3], indexShape: [11], axis: 0, range: 7 },
  { name: "of columns", from: [4, 6], indexShape: [9], axis: -1, range: 6 },
  { name: "by a matrix of indices", from: [3, 5, 4], indexShape: [2, 3], axis: 1, range: 5 },
  { name: "by a single index", from: [3, 5], indexShape: [], axis: 1, range: 5 },
  { name: "by no index", from: [3, 5], indexShape: [0], axis: 0, range: 3 },
  { name: "by one index over and over", from: [50, 4], indexShape: [300], axis: 0, range: 1 },
  { name: "of a long axis", from: [3000], indexShape: [500], axis: 0, range: 3000 },
];

const gathering = suite("gather");

function prepared({ from, indexShape, axis, range }: Case) {
  const random = randomSource(3);
  const along = axis < 0 ? axis + from.length : axis;
  const chosen = Int32Array.from({ length: sizeOf(indexShape) }, () => randomWhole(random, 0, range - 1));
  const to = [...from.slice(0, along), ...indexShape, ...from.slice(along + 1)];
  const map: IndexMap = (index) => {
    const place = flatPlace(indexShape, index.slice(along, along + indexShape.length));
    return [...index.slice(0, along), chosen[place]!, ...index.slice(along + indexShape.length)];
  };
  return { random, chosen, to, map };
}

for (const one of cases) {
  const { name, from, indexShape, axis } = one;
  gathering(`gather ${name} agrees with the index map, for every dtype and both kinds of indices`, async () => {
    const { chosen, to, map } = prepared(one);
    for (const dtype of ["f32", "i32", "u32"] as const) {
      const data = Array.from({ length: sizeOf(from) }, (_, i) => (dtype === "i32" ? -1 - i : 3 * i));
      const indices = dtype === "u32" ? Uint32Array.from(chosen) : chosen;
      const y = gather(engine.tensor(data, from, { dtype }), engine.tensor(indices, indexShape), axis);
      assert.equal(y.shape, to);
      assert.is(y.dtype, dtype);
      assert.equal([...(await y.read())], movedElements(data, from, to, map));
    }
  });

  gathering(`gather ${name} adds its gradient up over equal indices`, async () => {
    const { random, chosen, to, map } = prepared(one);
    const x = engine.tensor(randomNumbers(random, sizeOf(from)), from, { requiresGrad: true });
    const weights = randomNumbers(random, sizeOf(to));
    gather(x, engine.tensor(chosen, indexShape), axis).backward(engine.tensor(weights, to));
    const expected = movedGradient(weights, from, to, map);
    (await x.grad!.read()).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 2e-5, `at ${i}`));
  });
}

gathering("scatterAdd adds up by index along any axis, and passes its gradient back by gathering", async () => {
  const random = randomSource(9);
  for (const { from, indexShape, axis } of cases) {
    const along = axis < 0 ? axis + from.length : axis;
    const length = from[along]!;
    const chosen = Int32Array.from({ length: sizeOf(indexShape) }, () => randomWhole(random, 0, length - 1));
    const shape = [...from.slice(0, along), ...indexShape, ...from.slice(along + 1)];
    const data = Array.from({ length: sizeOf(shape) }, () => randomWhole(random, -9, 9));
    // The transpose of gather: where an element goes is where gather takes it from.
    const map: IndexMap = (index) => {
      const place = flatPlace(indexShape, index.slice(along, along + indexShape.length));
      return [...index.slice(0, along), chosen[place]!, ...index.slice(along + indexShape.length)];
    };
    const expected = movedGradient(data, from, shape, map);
    for (const dtype of ["f32", "i32"] as const) {
      const y = scatterAdd(engine.tensor(data, shape, { dtype }), engine.tensor(chosen, indexShape), length, axis);
      assert.equal([y.dtype, ...y.shape], [dtype, ...from]);
      assert.equal([...(await y.read())], expected);
    }
    const values = engine.tensor(data, shape, { requiresGrad: true });
    const weights = randomNumbers(random, sizeOf(from));
    scatterAdd(values, engine.tensor(chosen, indexShape), length, axis).backward(engine.tensor(weights, from));
    assert.equal([...(await values.grad!.read())], movedElements(weights, from, shape, map));
  }
});

gathering("more positions than one walk has are all added up, and so are more elements of the axis", async () => {
  const count = 150_001;
  const indices = engine.tensor(Int32Array.from({ length: count }, (_, i) => i % 3));
  const sums = await scatterAdd(engine.ones([count], { dtype: "u32" }), indices, 3).read();
  assert.equal([...sums], [50_001, 50_000, 50_000]);
  const length = 8_500_000;
  const one = scatterAdd(engine.ones([2], { dtype: "i32" }), engine.tensor([length - 1, 5], { dtype: "i32" }), length);
  assert.is(await one.sum().item(), 2);
  assert.equal([...(await gather(one, engine.tensor([length - 1, 5, 6], { dtype: "i32" })).read())], [1, 1, 0]);
  one.dispose();
});

for (const axis of [0, 1, -1]) {
  gathering(`takeAlongAxis along axis ${axis} takes an index an element, and passes its gradient back`, async () => {
    const random = randomSource(5);
    const from = [3, 4, 5];
    const along = axis < 0 ? axis + 3 : axis;
    const to = from.map((length, i) => (i === along ? 6 : length));
    const chosen = Int32Array.from({ length: sizeOf(to) }, () => randomWhole(random, 0, from[along]! - 1));
    const data = randomNumbers(random, sizeOf(from));
    const weights = randomNumbers(random, sizeOf(to));
    const map: IndexMap = (index) =>
      index.map((position, i) => (i === along ? chosen[flatPlace(to, index)]! : position));
    const x = engine.tensor(data, from, { requiresGrad: true });
    const y = takeAlongAxis(x, engine.tensor(chosen, to), axis);
    assert.equal([...(await y.read())], movedElements(data, from, to, map));
    y.backward(engine.tensor(weights, to));
    const expected = movedGradient(weights, from, to, map);
    (await x.grad!.read()).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5));
  });
}

gathering("the gradient has the same bits every time, also where more lanes share an axis", async () => {
  const random = randomSource(8);
  const [length, width, count] = [90, 6, 3000];
  const chosen = Int32Array.from({ length: count }, () => randomWhole(random, 0, length - 1));
  const weights = randomNumbers(random, count * width);
  const runs: Uint32Array[] = [];
  for (const as of ["software", "gpu", "gpu"] as const) {
    const engine = await testEngine({ as });
    const x = engine.zeros([length, width], { requiresGrad: true });
    gather(x, engine.tensor(chosen)).backward(engine.tensor(weights, [count, width]));
    runs.push(new Uint32Array((await x.grad!.read()).buffer));
  }
  assert.equal(runs[1], runs[0]);
  assert.equal(runs[2], runs[0]);
});

gathering("oneHot has a one at each index", async () => {
  const y = oneHot(engine.tensor([[0, 2], [1, 1]], { dtype: "i32" }), 3);
  assert.equal(y.shape, [2, 2, 3]);
  assert.equal([...(await y.read())], [1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0]);
});

const outside = suite("gather: indices out of range");

const makers: [name: string, run: (indices: Tensor) => Tensor][] = [
  ["gather", (indices) => gather(engine.tensor([10, 20, 30]), indices)],
  ["gather", (indices) => gather(engine.ones([3, 4]), indices)],
  ["takeAlongAxis", (indices) => takeAlongAxis(engine.tensor([10, 20, 30]), indices, 0)],
  ["oneHot", (indices) => oneHot(indices, 3)],
];
outside("scatterAdd leaves values with an index out of range out, and rejects the next read", async () => {
  const y = scatterAdd(engine.ones([4]), engine.tensor([0, 2, -1, 3], { dtype: "i32" }), 3);
  await rejected(y.read(), "value", /^scatterAdd: .*at place 2 /);
  assert.equal([...(await y.read())], [1, 0, 1]);
});

for (const [name, run] of makers) {
  for (const wrong of [3, -1]) {
    outside(`${name} with the index ${wrong} rejects the next read, and says where`, async () => {
      const y = run(engine.tensor([0, 1, wrong, 2, wrong], { dtype: "i32" }));
      await rejected(y.read(), "value", new RegExp(`^${name}: .*at place 2 `));
      const found = await y.read();
      const row = found.length / 5;
      assert.ok(found.slice(2 * row, 3 * row).every((value) => value === 0), "what was out of range is 0");
      assert.ok(found.slice(0, row).some((value) => value !== 0), "the rest is as asked for");
    });
  }
}

outside("an index out of range rejects idle() too, and passes no gradient", async () => {
  const x = engine.ones([3], { requiresGrad: true });
  gather(x, engine.tensor([1, 7], { dtype: "i32" })).sum().backward();
  await rejected(engine.idle(), "value", /^gather: /);
  assert.equal([...(await x.grad!.read())], [0, 1, 0]);
});

const refusals = suite("gather: bad input");

const x = engine.ones([3, 4]);
const indices = engine.zeros([2], { dtype: "i32" });
const four = [engine.ones([1, 1, 1, 1]), engine.zeros([1, 1, 1, 1], { dtype: "i32" })] as const;
const bad: [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["f32 indices", () => gather(x, x), "dtype", /gather: indices must be i32 or u32, got f32/],
  ["a missing axis", () => gather(x, indices, 2), "shape", /gather: axis .*got 2/],
  ["a number for indices", () => gather(x, 1 as never), "value", /gather: indices must be a tensor, got 1/],
  ["indices of another rank", () => takeAlongAxis(x, indices, 0), "shape", /takeAlongAxis: .*got \[2\]/],
  ["values of another shape", () => scatterAdd(x, indices, 3), "shape", /scatterAdd: .*got \[3, 4\] and \[2\]/],
  ["too few axes of values", () => scatterAdd(indices, four[1], 3), "shape", /scatterAdd: the axes/],
  ["a negative length", () => scatterAdd(indices, indices, -3), "value", /scatterAdd: length .*got -3/],
  ["an axis beyond", () => scatterAdd(indices, indices, 3, 1), "shape", /scatterAdd: axis/],
  ["a depth of 0", () => oneHot(indices, 0), "value", /oneHot: depth .*got 0/],
  ["a fractional depth", () => oneHot(indices, 1.5), "value", /oneHot: depth .*got 1.5/],
  ["more than six axes", () => gather(...four), "shape", /6/],
];
for (const [name, run, code, message] of bad) {
  refusals(`${name}: refused at the call, and nothing is left behind`, () => {
    const before = { ...engine.memory(), dispatches: engine.stats().dispatches };
    refused(run, code, message);
    assert.equal({ ...engine.memory(), dispatches: engine.stats().dispatches }, before);
  });
}

gathering.run();
outside.run();
refusals.run();
