import { mat3, mat4 } from "wgpu-matrix";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Engine, matmul, type MatmulOptions, type Tensor } from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { randomTwin, sizeOf, type Twin } from "./support/twins.js";

/** The product in float64, by the definition. */
function matmulTwin(a: Twin, b: Twin, { transposeA = false, transposeB = false }: MatmulOptions = {}): Twin {
  const [n, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const m = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
  const rank = Math.max(a.shape.length, b.shape.length) - 2;
  const lengthAt = ({ shape }: Twin, axis: number): number => shape[shape.length - 2 - rank + axis] ?? 1;
  const batch = Array.from({ length: rank }, (_, axis) => {
    const [ofA, ofB] = [lengthAt(a, axis), lengthAt(b, axis)];
    return ofA === 1 ? ofB : ofA;
  });
  const matrixOf = (x: Twin, place: number): number => {
    let matrix = 0;
    let step = 1;
    for (let axis = rank - 1, rest = place; axis >= 0; axis--) {
      const index = rest % batch[axis]!;
      rest = Math.floor(rest / batch[axis]!);
      if (lengthAt(x, axis) !== 1) matrix += index * step;
      step *= lengthAt(x, axis);
    }
    return matrix;
  };
  const values: number[] = [];
  for (let place = 0; place < sizeOf(batch); place++) {
    const [startA, startB] = [matrixOf(a, place) * n * k, matrixOf(b, place) * k * m];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const left = a.values[startA + (transposeA ? l * n + i : i * k + l)]!;
          sum += left * b.values[startB + (transposeB ? j * k + l : l * m + j)]!;
        }
        values.push(sum);
      }
    }
  }
  return { shape: [...batch, n, m], values };
}

const orientations: readonly MatmulOptions[] = [
  {},
  { transposeA: true },
  { transposeB: true },
  { transposeA: true, transposeB: true },
];

const nameOf = ({ transposeA, transposeB }: MatmulOptions): string =>
  `${transposeA ? "Aᵀ" : "A"}·${transposeB ? "Bᵀ" : "B"}`;

/** Shapes of the operands of an n×k by k×m product, as these options want them. */
function operandShapes([n, k, m]: readonly [number, number, number], options: MatmulOptions): [number[], number[]] {
  return [options.transposeA ? [k, n] : [n, k], options.transposeB ? [m, k] : [k, m]];
}

for (const as of ["software", "gpu"] as const) {
  const test = suite(`matmul as on a ${as === "gpu" ? "GPU" : "software adapter"}`);
  let engine: Engine;
  test.before(async () => {
    engine = await testEngine({ as });
  });

  async function compare(size: readonly [number, number, number], options: MatmulOptions): Promise<void> {
    const [a, b] = operandShapes(size, options);
    await expectValue(engine, {
      name: `${nameOf(options)} ${size.join("×")}`,
      inputs: [randomTwin(a, { seed: 3 }), randomTwin(b, { seed: 4 })],
      run: (x, y) => matmul(x, y, options),
      twin: (x, y) => matmulTwin(x, y, options),
      tolerance: { relative: 1e-5, absolute: 1e-6 * Math.max(4, size[1]) },
    });
  }

  test("even, odd, long and tall products are those in float64, each operand as it lies or transposed", async () => {
    const sizes = [
      [1, 1, 1],
      [4, 4, 4],
      [3, 5, 7],
      [2, 4, 3],
      [17, 33, 29],
      [64, 64, 64],
      [66, 62, 70],
      [1, 1000, 1],
      [130, 1, 9],
      [10, 300, 12],
      [100, 128, 49],
    ] as const;
    for (const size of sizes) for (const options of orientations) await compare(size, options);
  });

  test("large products are those in float64, also where tiles stick out at both edges", async () => {
    for (const options of orientations) await compare([260, 520, 252], options);
    await compare([263, 515, 251], {});
    await compare([525, 512, 505], {});
    await compare([20, 4104, 58], {});
  });

  if (as === "software") {
    test("large products of lanes are right also where quads are usual", async () => {
      const usual = engine.tuning;
      if (usual.products === "lane") return; // and have been tried above
      engine.tuning = { ...usual, products: "lane" };
      for (const options of orientations) await compare([260, 520, 252], options);
      await compare([263, 515, 251], {});
      engine.tuning = usual;
    });
  }

  test("a product of nothing is zeros, and an empty one is empty", async () => {
    await scoped(engine, async () => {
      const zeros = matmul(engine.zeros([2, 3, 0]), engine.zeros([0, 4]));
      assert.equal(zeros.shape, [2, 3, 4]);
      assert.equal([...(await zeros.read())], Array.from({ length: 24 }, () => 0));
      assert.equal(matmul(engine.zeros([0, 3]), engine.zeros([3, 4])).shape, [0, 4]);
      assert.equal(matmul(engine.zeros([3, 2]), engine.zeros([2, 0])).shape, [3, 0]);
      assert.equal(matmul(engine.zeros([0, 3, 2]), engine.zeros([2, 5])).shape, [0, 3, 5]);
      const a = engine.zeros([2, 3, 0], { requiresGrad: true });
      const b = engine.ones([0, 4], { requiresGrad: true });
      matmul(a, b).sum().backward();
      assert.equal([a.grad!.shape, b.grad!.shape], [[2, 3, 0], [0, 4]]);
    });
  });

  test("batch axes broadcast, values and gradients", async () => {
    const cases: readonly (readonly [number[], number[], MatmulOptions])[] = [
      [[3, 2, 4], [4, 5], {}],
      [[3, 2, 4], [1, 4, 5], {}],
      [[2, 4], [3, 4, 5], {}],
      [[2, 1, 3, 4], [5, 4, 2], {}],
      [[2, 1, 3, 4], [1, 5, 4, 2], {}],
      [[1, 2, 3], [3, 4], {}],
      [[3, 4, 2], [4, 5], { transposeA: true }],
      [[3, 2, 4], [5, 4], { transposeB: true }],
      [[2, 1, 4, 3], [5, 2, 4], { transposeA: true, transposeB: true }],
      [[2, 1, 2, 1, 3, 3], [3, 1, 2, 3, 3], {}],
    ];
    for (const [a, b, options] of cases) {
      const operation = {
        name: `${nameOf(options)} [${a}] [${b}]`,
        inputs: [randomTwin(a, { seed: 5 }), randomTwin(b, { seed: 6 })],
        run: (x: Tensor, y: Tensor) => matmul(x, y, options),
        twin: (x: Twin, y: Twin) => matmulTwin(x, y, options),
      };
      await expectValue(engine, { ...operation, tolerance: { absolute: 1e-5 } });
      await expectGradients(engine, operation);
    }
  });

  test("gradients of both operands are central differences, each operand as it lies or transposed", async () => {
    for (const size of [[3, 5, 7], [4, 8, 12], [5, 4, 1]] as const) {
      for (const options of orientations) {
        const [a, b] = operandShapes(size, options);
        await expectGradients(engine, {
          name: `${nameOf(options)} ${size.join("×")}`,
          inputs: [randomTwin(a, { seed: 7 }), randomTwin(b, { seed: 8 })],
          run: (x, y) => matmul(x, y, options),
          twin: (x, y) => matmulTwin(x, y, options),
        });
      }
    }
  });

  test("a matrix times itself gets the gradients of both places", async () => {
    await expectGradients(engine, {
      name: "x·x",
      inputs: [randomTwin([4, 4])],
      run: (x) => matmul(x, x),
      twin: (x) => matmulTwin(x, x),
    });
  });

  test("4×4 products are those of wgpu-matrix, which keeps columns together", async () => {
    const random = randomSource(11);
    const count = 50;
    const pairs = Array.from({ length: count }, () => [randomNumbers(random, 16), randomNumbers(random, 16)] as const);
    const columnsOfProducts = pairs.flatMap(([a, b]) => [...mat4.multiply(a, b)]);
    const rowsOfProducts = pairs.flatMap(([a, b]) => [...mat4.transpose(mat4.multiply(a, b))]);
    await scoped(engine, async () => {
      const [a, b] = [0, 1].map((side) => engine.tensor(pairs.flatMap((pair) => [...pair[side]!]), [count, 4, 4]));
      const tolerance = { absolute: 2e-6 };
      // A's columns, read as rows, are Aᵀ; and (A·B)ᵀ = Bᵀ·Aᵀ.
      expectClose("Bᵀ·Aᵀ", await matmul(b!, a!).read(), columnsOfProducts, tolerance);
      const rows = await matmul(a!, b!, { transposeA: true, transposeB: true }).read();
      expectClose("A·B", rows, rowsOfProducts, tolerance);
    });
  });

  test("3×3 products are those of wgpu-matrix, which pads each column to four numbers", async () => {
    const random = randomSource(12);
    const unpadded = (matrix: ArrayLike<number>): number[] => [0, 1, 2, 4, 5, 6, 8, 9, 10].map((i) => matrix[i]!);
    const matrices = Array.from({ length: 40 }, () =>
      mat3.create(...(randomNumbers(random, 9) as unknown as Parameters<typeof mat3.create>)),
    );
    const [first, second] = [matrices.slice(0, 20), matrices.slice(20)];
    const expected = first.flatMap((a, i) => unpadded(mat3.multiply(a, second[i]!)));
    await scoped(engine, async () => {
      const [a, b] = [first, second].map((side) => engine.tensor(side.flatMap(unpadded), [20, 3, 3]));
      expectClose("Bᵀ·Aᵀ", await matmul(b!, a!).read(), expected, { absolute: 2e-6 });
    });
  });

  test("a camera of wgpu-matrix moves points as wgpu-matrix moves them", async () => {
    const camera = mat4.multiply(
      mat4.perspective(1, 1.5, 0.1, 10),
      mat4.lookAt([1, 2, 3], [0, 0, 0], [0, 1, 0]),
    );
    const points = randomNumbers(randomSource(13), 60, -1, 1).map((value, i) => (i % 4 === 3 ? 1 : value));
    await scoped(engine, async () => {
      const moved = await matmul(engine.tensor(points, [15, 4]), engine.tensor([...camera], [4, 4])).read();
      for (let i = 0; i < 15; i++) {
        const [px, py, pz] = points.subarray(4 * i, 4 * i + 3) as unknown as [number, number, number];
        const column = mat4.multiply(camera, mat4.translation([px, py, pz])).subarray(12, 16);
        expectClose(`point ${i}`, moved.subarray(4 * i, 4 * i + 4), column, { relative: 1e-5, absolute: 1e-5 });
      }
    });
  });

  test("the same operands give the same bits, also where the inner axis is split", async () => {
    await scoped(engine, async () => {
      const [a, b] = [engine.normal([10, 3000]), engine.normal([3000, 6])];
      assert.equal(await matmul(a, b).read(), await matmul(a, b).read());
    });
  });

  test("wrapped buffers that end at their last element can be multiplied", async () => {
    await scoped(engine, async () => {
      const random = randomSource(14);
      const wrapped = (shape: [number, number]) => {
        const values = randomNumbers(random, sizeOf(shape));
        const buffer = engine.device.createBuffer({ size: 256 + values.byteLength, usage: 0x80 | 0x8 });
        engine.device.queue.writeBuffer(buffer, 256, values);
        return [engine.wrap(buffer, shape, { offset: 256 }), { shape, values: [...values] }] as const;
      };
      for (const [n, k, m] of [[3, 5, 7], [1, 3, 1], [4, 6, 3]] as const) {
        const [a, twinA] = wrapped([n, k]);
        const [b, twinB] = wrapped([k, m]);
        expectClose("wrapped", await matmul(a, b).read(), matmulTwin(twinA, twinB).values, { absolute: 1e-5 });
      }
    });
  });

  test("a batch of small matrices is multiplied matrix by matrix", async () => {
    for (const options of orientations) {
      const [a, b] = operandShapes([3, 6, 5], options);
      const operation = {
        name: nameOf(options),
        inputs: [randomTwin([70, ...a], { seed: 9 }), randomTwin([70, ...b], { seed: 10 })],
        run: (x: Tensor, y: Tensor) => matmul(x, y, options),
        twin: (x: Twin, y: Twin) => matmulTwin(x, y, options),
      };
      await expectValue(engine, { ...operation, tolerance: { absolute: 1e-5 } });
    }
  });

  test("gradients need no readback", async () => {
    await scoped(engine, async () => {
      const a = engine.normal([5, 40], { requiresGrad: true });
      const b = engine.normal([40, 3], { requiresGrad: true });
      const before = engine.stats().readbacks;
      matmul(a, b).backward(engine.ones([5, 3]));
      await engine.idle();
      assert.is(engine.stats().readbacks, before);
    });
  });

  test.run();
}

const large = suite("matmul of many matrices");

large("a batch that needs more workgroups than fit a row is multiplied to its end", async () => {
  // A lane a matrix, eight lanes a workgroup. A GPU's workgroups fold by the same text, and take minutes here.
  const engine = await testEngine({ as: "software" });
  const count = 530_000;
  await scoped(engine, async () => {
    const x = engine.arange(count, { dtype: "f32" }).reshape([count, 1, 1]);
    const y = await matmul(x, x).read();
    for (const i of [0, 1, 65_535, 65_536, count - 2, count - 1]) assert.is(y[i], Math.fround(i * i));
  });
});

large.run();

const refusals = suite("matmul refuses");

refusals("wrong types, dtypes, ranks, inner lengths, batches and options", async () => {
  const engine = await testEngine();
  const matrix = engine.ones([2, 3]);
  const { dispatches } = engine.stats();
  const wrong = (value: unknown): never => value as never;
  refused(() => matmul(wrong([[1]]), matrix), "value", /^matmul: a must be a tensor/);
  refused(() => matmul(matrix, wrong(3)), "value", /^matmul: b must be a tensor, got 3/);
  refused(() => matmul(engine.arange(4).reshape([2, 2]), matrix), "dtype", /^matmul: a must be f32, got i32/);
  refused(() => matmul(matrix, engine.arange(6).reshape([3, 2])), "dtype", /^matmul: b must be f32, got i32/);
  refused(() => matmul(engine.tensor([1, 2]), matrix), "shape", /^matmul: a must have at least 2 axes.*\[2\]/);
  refused(() => matmul(matrix, engine.tensor(1)), "shape", /^matmul: b must have at least 2 axes, got shape \[\]/);
  refused(() => matmul(matrix, matrix), "shape", /^matmul: the inner lengths must be equal, got 3 and 2/);
  const both = { transposeA: true, transposeB: true };
  refused(() => matmul(matrix, matrix, both), "shape", /got 2 and 3 in \[2, 3\] transposed/);
  refused(() => matmul(engine.ones([2, 2, 3]), engine.ones([5, 3, 2])), "shape", /^matmul: .*equal or 1/);
  refused(() => matmul(matrix, matrix, wrong({ transposeC: true })), "value", /^matmul: options .*got transposeC/);
  refused(() => matmul(matrix, matrix, wrong({ transposeB: 1 })), "value", /^matmul: transposeB .*got 1/);
  refused(() => matmul(matrix, matrix, wrong(null)), "value", /^matmul: options/);
  const other = await testEngine();
  refused(() => matmul(matrix, other.ones([3, 2])), "engine", /^matmul/);
  const gone = engine.ones([3, 2]);
  gone.dispose();
  refused(() => matmul(matrix, gone), "disposed", /^matmul/);
  assert.ok(engine.stats().dispatches <= dispatches + 6, "nothing is recorded by what is refused");
});

refusals.run();
