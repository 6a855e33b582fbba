import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  broadcastTo,
  concatenate,
  type DType,
  expandDims,
  flip,
  pad,
  reshape,
  slice,
  split,
  squeeze,
  stack,
  type Tensor,
  tile,
  transpose,
  type TypedArrayOf,
} from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { flatPlace, type IndexMap, movedElements, movedGradient, sizeOf } from "./support/index-map.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const engine = await testEngine();

interface Case {
  name: string;
  from: readonly number[];
  to: readonly number[];
  run: (x: Tensor) => Tensor;
  map: IndexMap;
}

const same: IndexMap = (index) => index;
const swapped: IndexMap = (index) => [...index.slice(0, -2), index.at(-1)!, index.at(-2)!];

/** Row-major order is kept: the flat place in the result is the flat place in the source. */
const unmoved =
  (from: readonly number[], to: readonly number[]): IndexMap =>
  (index) => {
    let rest = flatPlace(to, index);
    const source: number[] = [];
    for (let axis = from.length - 1; axis >= 0; axis--) {
      source[axis] = rest % from[axis]!;
      rest = Math.floor(rest / from[axis]!);
    }
    return source;
  };

const cases: Case[] = [
  {
    name: "reshape to other axes",
    from: [2, 6],
    to: [3, 4],
    run: (x) => reshape(x, [3, 4]),
    map: unmoved([2, 6], [3, 4]),
  },
  {
    name: "reshape with -1",
    from: [2, 3, 4],
    to: [6, 4],
    run: (x) => x.reshape([-1, 4]),
    map: unmoved([2, 3, 4], [6, 4]),
  },
  { name: "reshape to a scalar", from: [1, 1], to: [], run: (x) => reshape(x, []), map: () => [0, 0] },
  { name: "expandDims inside", from: [2, 3], to: [2, 1, 3], run: (x) => expandDims(x, 1), map: ([a, , b]) => [a!, b!] },
  {
    name: "expandDims at the end",
    from: [2, 3],
    to: [2, 3, 1],
    run: (x) => expandDims(x, -1),
    map: ([a, b]) => [a!, b!],
  },
  { name: "squeeze of all", from: [1, 3, 1, 2], to: [3, 2], run: (x) => squeeze(x), map: ([a, b]) => [0, a!, 0, b!] },
  { name: "squeeze of one", from: [1, 3, 1], to: [1, 3], run: (x) => squeeze(x, -1), map: ([a, b]) => [a!, b!, 0] },
  { name: "transpose of a matrix", from: [5, 3], to: [3, 5], run: (x) => transpose(x), map: swapped },
  {
    name: "transpose of the last two axes",
    from: [2, 3, 4, 5],
    to: [2, 3, 5, 4],
    run: (x) => x.transpose(),
    map: swapped,
  },
  {
    name: "transpose of three axes in a circle",
    from: [2, 3, 4],
    to: [4, 2, 3],
    run: (x) => transpose(x, [2, 0, 1]),
    map: ([c, a, b]) => [a!, b!, c!],
  },
  {
    name: "transpose that leaves rows of eight together",
    from: [3, 5, 8],
    to: [5, 3, 8],
    run: (x) => transpose(x, [1, 0, -1]),
    map: ([b, a, c]) => [a!, b!, c!],
  },
  {
    name: "transpose of six axes",
    from: [2, 3, 2, 4, 3, 2],
    to: [2, 4, 2, 2, 3, 3],
    run: (x) => transpose(x, [5, 3, 0, 2, 4, 1]),
    map: ([f, d, a, c, e, b]) => [a!, b!, c!, d!, e!, f!],
  },
  { name: "transpose without elements", from: [0, 3], to: [3, 0], run: (x) => transpose(x), map: swapped },
  {
    name: "slice with start, end and step",
    from: [7, 9],
    to: [3, 4],
    run: (x) => slice(x, [{ start: 1, end: 7, step: 2 }, { start: 2, step: 2 }]),
    map: ([a, b]) => [1 + 2 * a!, 2 + 2 * b!],
  },
  {
    name: "slice from the end",
    from: [4, 6],
    to: [4, 3],
    run: (x) => slice(x, [null, { start: -4, end: -1 }]),
    map: ([a, b]) => [a!, 2 + b!],
  },
  {
    name: "slice at an index",
    from: [3, 4, 5],
    to: [3, 5],
    run: (x) => slice(x, [{}, -1]),
    map: ([a, b]) => [a!, 3, b!],
  },
  { name: "slice to a scalar", from: [3, 4], to: [], run: (x) => slice(x, [2, 1]), map: () => [2, 1] },
  {
    name: "slice of whole vectors of four",
    from: [3, 16],
    to: [2, 8],
    run: (x) => slice(x, [{ start: 1 }, { start: 4, end: 12 }]),
    map: ([a, b]) => [1 + a!, 4 + b!],
  },
  {
    name: "slice off the grid of vectors",
    from: [3, 16],
    to: [3, 8],
    run: (x) => slice(x, [{}, { start: 5, end: 13 }]),
    map: ([a, b]) => [a!, 5 + b!],
  },
  { name: "slice of nothing", from: [3, 4], to: [0, 4], run: (x) => slice(x, [{ start: 1, end: 1 }]), map: same },
  {
    name: "tile of both axes",
    from: [2, 3],
    to: [4, 9],
    run: (x) => tile(x, [2, 3]),
    map: ([a, b]) => [a! % 2, b! % 3],
  },
  {
    name: "tile of some of six axes",
    from: [2, 1, 3, 1, 2, 4],
    to: [4, 2, 3, 3, 2, 8],
    run: (x) => tile(x, [2, 2, 1, 3, 1, 2]),
    map: (index) => index.map((i, axis) => i % [2, 1, 3, 1, 2, 4][axis]!),
  },
  { name: "tile of a scalar", from: [], to: [], run: (x) => tile(x, []), map: same },
  { name: "tile to nothing", from: [2, 3], to: [0, 3], run: (x) => tile(x, [0, 1]), map: same },
  { name: "flip of all axes", from: [3, 4], to: [3, 4], run: (x) => flip(x), map: ([a, b]) => [2 - a!, 3 - b!] },
  { name: "flip of the first axis", from: [3, 8], to: [3, 8], run: (x) => flip(x, 0), map: ([a, b]) => [2 - a!, b!] },
  {
    name: "broadcastTo new axes",
    from: [3],
    to: [2, 4, 3],
    run: (x) => broadcastTo(x, [2, 4, 3]),
    map: ([, , c]) => [c!],
  },
  {
    name: "broadcastTo from lengths of 1",
    from: [2, 1, 4],
    to: [2, 3, 4],
    run: (x) => broadcastTo(x, [2, 3, 4]),
    map: ([a, , c]) => [a!, 0, c!],
  },
  { name: "broadcastTo from a scalar", from: [], to: [2, 3], run: (x) => broadcastTo(x, [2, 3]), map: () => [] },
  { name: "broadcastTo the same shape", from: [2, 3], to: [2, 3], run: (x) => broadcastTo(x, [2, 3]), map: same },
  {
    name: "pad with different widths",
    from: [2, 3],
    to: [4, 6],
    run: (x) => pad(x, [[1, 1], [0, 3]], 7),
    map: ([a, b]) => (a! >= 1 && a! < 3 && b! < 3 ? [a! - 1, b!] : null),
  },
  {
    name: "concatenate, as its first part",
    from: [2, 3],
    to: [2, 5],
    run: (x) => concatenate([x, engine.full([2, 2], 7, { dtype: x.dtype })], 1),
    map: ([a, b]) => (b! < 3 ? [a!, b!] : null),
  },
  {
    name: "concatenate, as its last part",
    from: [2, 4],
    to: [5, 4],
    run: (x) => concatenate([engine.full([3, 4], 7, { dtype: x.dtype }), x]),
    map: ([a, b]) => (a! >= 3 ? [a! - 3, b!] : null),
  },
  {
    name: "concatenate with itself and with nothing",
    from: [2, 3],
    to: [2, 6],
    run: (x) => concatenate([x, engine.full([2, 0], 7, { dtype: x.dtype }), x], -1),
    map: ([a, b]) => [a!, b! % 3],
  },
  {
    name: "stack along a new last axis",
    from: [2, 3],
    to: [2, 3, 2],
    run: (x) => stack([x, engine.full([2, 3], 7, { dtype: x.dtype })], -1),
    map: ([a, b, c]) => (c === 0 ? [a!, b!] : null),
  },
  {
    name: "split in equal parts",
    from: [4, 6],
    to: [4, 2],
    run: (x) => split(x, 3, 1)[1]!,
    map: ([a, b]) => [a!, 2 + b!],
  },
  {
    name: "split by lengths",
    from: [6, 2],
    to: [3, 2],
    run: (x) => split(x, [1, 2, 3])[2]!,
    map: ([a, b]) => [3 + a!, b!],
  },
];

const shapes = suite("shape operations");

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

/** Distinct elements that use all 32 bits of the dtype. */
function elements(dtype: DType, count: number): TypedArrayOf[DType] {
  if (dtype === "f32") return Float32Array.from({ length: count }, (_, i) => (i + 1) * 1.1);
  const wide = Array.from({ length: count }, (_, i) => (dtype === "i32" ? -(2 ** 31) + 3 * i : 2 ** 32 - 1 - 3 * i));
  return arrays[dtype].from(wide);
}


for (const { name, from, to, run, map } of cases) {
  shapes(`${name}: every dtype`, async () => {
    for (const dtype of ["f32", "i32", "u32"] as const) {
      const data = elements(dtype, sizeOf(from));
      const y = run(engine.tensor(data, from));
      assert.equal(y.shape, to);
      assert.is(y.dtype, dtype);
      assert.equal(await y.read(), arrays[dtype].from(movedElements(data, from, to, map, 7)));
    }
  });

  shapes(`${name}: the gradient goes back where the elements came from`, async () => {
    const x = engine.tensor(elements("f32", sizeOf(from)), from, { requiresGrad: true });
    const weights = randomNumbers(randomSource(7), sizeOf(to));
    run(x).backward(engine.tensor(weights, to));
    const expected = movedGradient(weights, from, to, map);
    (await x.grad!.read()).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5));
    assert.equal(x.grad!.shape, from);
  });
}

shapes("random transposes of random slices agree with the index map", async () => {
  const random = randomSource(11);
  for (let round = 0; round < 25; round++) {
    const rank = randomWhole(random, 1, 6);
    const from = Array.from({ length: rank }, () => randomWhole(random, 1, 5));
    const order = from.map((_, axis) => axis).sort(() => random() - 0.5);
    const ranges = from.map((length) => {
      const start = randomWhole(random, 0, length - 1);
      return { start, end: randomWhole(random, start + 1, length), step: randomWhole(random, 1, 3) };
    });
    const cut = ranges.map(({ start, end, step }) => Math.ceil((end - start) / step));
    const to = order.map((axis) => cut[axis]!);
    const data = elements("u32", sizeOf(from));
    const y = transpose(slice(engine.tensor(data, from), ranges), order);
    const map: IndexMap = (index) =>
      ranges.map(({ start, step }, axis) => start + step * index[order.indexOf(axis)]!);
    assert.equal(y.shape, to);
    assert.equal([...(await y.read())], movedElements(data, from, to, map));
  }
});

shapes("reshape copies nothing", () => {
  const x = engine.tensor([[1, 2], [3, 4]]);
  const dispatches = engine.stats().dispatches;
  const y = reshape(x, [4]);
  assert.is(engine.stats().dispatches, dispatches);
  assert.is(y.gpu.buffer, x.gpu.buffer);
});

shapes("a reshaped tensor stays when the one it came from is disposed", async () => {
  const x = engine.tensor([[1, 2], [3, 4]]);
  const y = reshape(x, [4]);
  x.dispose();
  engine.tensor([[5, 6], [7, 8]]);
  assert.equal([...(await y.read())], [1, 2, 3, 4]);
});

shapes("more elements than 65,535 workgroups hold are moved", async () => {
  const side = 2099;
  const x = engine.tensor(Uint32Array.from({ length: side * side }, (_, i) => i), [side, side]);
  const found = await transpose(x).read();
  let wrong = 0;
  for (let a = 0; a < side; a++) for (let b = 0; b < side; b++) if (found[a * side + b] !== b * side + a) wrong++;
  assert.is(wrong, 0);
});

shapes("a chain of shape operations passes its gradient back", async () => {
  const x = engine.tensor([[1, 2, 3], [4, 5, 6]], { requiresGrad: true });
  const y = concatenate([transpose(x), reshape(slice(x, [1]), [3, 1])], 1);
  y.mul(engine.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]])).sum().backward();
  assert.equal([...(await x.grad!.read())], [1, 4, 7, 2 + 3, 5 + 6, 8 + 9]);
});

const refusals = suite("shape operations: bad input");

const matrix = engine.tensor([[1, 2, 3], [4, 5, 6]]);
const flat = engine.tensor([1, 2, 3]);
const whole = engine.tensor([1, 2, 3], { dtype: "i32" });
const bad: [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["reshape to another size", () => reshape(matrix, [4]), "shape", /reshape: .* 6 elements of \[2, 3\], got \[4\]/],
  ["reshape with two -1", () => reshape(matrix, [-1, -1]), "shape", /reshape: .*got \[-1, -1\]/],
  ["reshape with -1 that cannot be", () => reshape(matrix, [4, -1]), "shape", /reshape: .*got \[4, -1\]/],
  ["reshape of no tensor", () => reshape([1] as never, [1]), "value", /reshape: x must be a tensor/],
  ["reshape to seven axes", () => reshape(flat, [1, 1, 1, 1, 1, 1, 3]), "shape", /up to 6/],
  ["transpose of a vector", () => transpose(flat), "shape", /transpose: .*at least 2 axes, got shape \[3\]/],
  ["transpose by no permutation", () => transpose(matrix, [0, 0]), "shape", /transpose: .*got \[0, 0\]/],
  ["transpose by too few axes", () => transpose(matrix, [0]), "shape", /transpose: .*got \[0\]/],
  ["squeeze of a longer axis", () => squeeze(matrix, 0), "shape", /squeeze: .*got axis 0 of shape \[2, 3\]/],
  ["expandDims out of range", () => expandDims(matrix, 3), "shape", /expandDims: .*got 3/],
  ["broadcastTo a misfit", () => broadcastTo(matrix, [2, 4]), "shape", /broadcastTo: .*got \[2, 4\]/],
  ["slice beyond the axis", () => slice(matrix, [2]), "value", /slice: .*axis 0 .*got 2/],
  ["slice with end before start", () => slice(matrix, [{ start: 1, end: 0 }]), "value", /start 1, end 0, step 1/],
  ["slice with step 0", () => slice(matrix, [{ step: 0 }]), "value", /step 0/],
  ["slice of too many axes", () => slice(matrix, [{}, {}, {}]), "shape", /slice: .*up to 2 entries/],
  ["split in unequal parts", () => split(matrix, 2, 1), "shape", /split: .*got 2/],
  ["split by lengths that miss", () => split(matrix, [1, 1], 1), "shape", /split: .*got \[1, 1\]/],
  ["flip of a missing axis", () => flip(matrix, 2), "shape", /flip: .*got 2/],
  ["tile by too few numbers", () => tile(matrix, [2]), "shape", /tile: .*got \[2\]/],
  ["tile by a fraction", () => tile(matrix, [2, 0.5]), "shape", /tile: .*got \[2, 0.5\]/],
  ["tile beyond the adapter", () => tile(matrix, [2, 2 ** 40]), "limit", /tile: .*adapter's limit/],
  ["pad with one pair too few", () => pad(matrix, [[1, 1]]), "shape", /pad: .*got/],
  ["concatenate of nothing", () => concatenate([]), "value", /concatenate: .*at least one tensor/],
  ["concatenate of misfits", () => concatenate([matrix, flat]), "shape", /concatenate: .*got \[3\]/],
  ["concatenate of two dtypes", () => concatenate([flat, whole]), "dtype", /f32 and i32/],
  ["stack of two shapes", () => stack([matrix, flat]), "shape", /stack: .*got \[3\]/],
];
for (const [name, run, code, message] of bad) {
  refusals(`${name} is refused, and leaves nothing behind`, () => {
    const before = { ...engine.memory(), dispatches: engine.stats().dispatches };
    refused(run, code, message);
    assert.equal({ ...engine.memory(), dispatches: engine.stats().dispatches }, before);
  });
}

refusals("a disposed tensor is refused", () => {
  const gone = engine.tensor([[1]]);
  gone.dispose();
  for (const run of [() => transpose(gone), () => reshape(gone, [1]), () => concatenate([matrix, gone])]) {
    refused(run, "disposed", /alive/);
  }
});

shapes.run();
refusals.run();
