import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  argmax,
  averagePool2d,
  batchNorm,
  clipGradientNorm,
  concatenate,
  conv1d,
  conv2d,
  crossEntropy,
  cumulativeSum,
  dropout,
  type Engine,
  gather,
  globalNorm,
  hammingLoss,
  ImleError,
  imle,
  klDivergence,
  layerNorm,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maxPool2d,
  norm,
  orthogonalParameter,
  perturbedOptimiser,
  scatterAdd,
  simple,
  softmax,
  solveOutputs,
  sort,
  split,
  spoPlus,
  squaredError,
  stack,
  type Tensor,
  topK,
  topKValues,
  variance,
  where,
} from "webgpu-imle";
import { testEngine } from "./support/engine.js";

const engine = await testEngine({ debug: false });
const made: Tensor[] = [];
const leaf = (...shape: number[]): Tensor => {
  const tensor = engine.ones(shape, { requiresGrad: true });
  made.push(tensor);
  return tensor;
};
const [x, row, column, weights] = [leaf(6, 300), leaf(300), leaf(6, 1), leaf(300, 8)];
const [cube, line] = [leaf(4, 5, 3000), leaf(600_000)];
const [image, filter, bias, factor] = [leaf(2, 4, 12, 12), leaf(8, 4, 3, 3), leaf(8), leaf(4)];
const [signal, taps] = [leaf(2, 4, 90), leaf(3, 4, 5)];
const classes = engine.zeros([6], { dtype: "i32" });
const mask = engine.ones([6, 300]);
const [mean, deviation] = [engine.zeros([4]), engine.ones([4])];
const layer = imle(topK(3), { samples: 5 });
const perturbed = perturbedOptimiser(topK(3), { samples: 4 });
const [plus, subsets] = [spoPlus(topK(3)), simple(3)];

type Made = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** Operations that make tensors on their way, or several results. */
const operations: Readonly<Record<string, () => Made>> = {
  where: () => where(mask, x, column),
  "sum over two groups of axes": () => cube.sum([0, 2]),
  "sum of many": () => line.sum(),
  "max over two groups of axes": () => max(cube, [0, 2]),
  argmax: () => argmax(line),
  softmax: () => softmax(x),
  "softmax of a long row": () => softmax(line),
  "logSoftmax of a long row": () => logSoftmax(line),
  logSumExp: () => logSumExp(x, 1),
  variance: () => variance(x, 1),
  norm: () => norm(x, 1),
  "sum of magnitudes": () => norm(x, 1, false, { order: 1 }),
  cumulativeSum: () => cumulativeSum(line, 0),
  matmul: () => matmul(x, weights),
  "matmul in parts": () => matmul(line.reshape([3, 200_000]), line.reshape([200_000, 3])),
  conv2d: () => conv2d(image, filter, { bias, padding: 1 }),
  conv1d: () => conv1d(signal, taps, { stride: 2 }),
  maxPool2d: () => maxPool2d(image, 2),
  averagePool2d: () => averagePool2d(image, 3),
  "batchNorm in training": () =>
    batchNorm(image, { weight: factor, bias: factor, training: true, runningMean: mean, runningVariance: deviation }),
  "batchNorm in evaluation": () => batchNorm(image, { training: false, runningMean: mean, runningVariance: deviation }),
  layerNorm: () => layerNorm(x, { weight: row, bias: row }),
  crossEntropy: () => crossEntropy(x, classes),
  "crossEntropy, smoothed, with rows left out": () => crossEntropy(x, classes, { labelSmoothing: 0.1, ignoreIndex: 1 }),
  squaredError: () => squaredError(x, mask),
  hammingLoss: () => hammingLoss(x, mask, { reduction: "sum" }),
  klDivergence: () => klDivergence(x, mask),
  sort: () => sort(cube),
  topKValues: () => topKValues(x, 4),
  gather: () => gather(x, classes),
  scatterAdd: () => scatterAdd(x, classes, 9),
  dropout: () => dropout(x, 0.5),
  concatenate: () => concatenate([x, x, x], 1),
  stack: () => stack([x, x]),
  split: () => split(x, 3),
  imle: () => layer(x),
  perturbedOptimiser: () => perturbed(x),
  spoPlus: () => plus(x, mask),
  simple: () => subsets(x),
  solveOutputs: () => solveOutputs(topK(3), x, ["values", "indices"]),
  orthogonalParameter: () => orthogonalParameter(engine, [4, 6]),
  globalNorm: () => globalNorm([x, cube]),
  clipGradientNorm: () => {
    x.grad = mask.mul(1);
    return clipGradientNorm([x], 1)!;
  },
};

const tensorsOf = (result: Made): Tensor[] =>
  "storage" in result ? [result as Tensor] : (Object.values(result) as Tensor[]);
const dropGradients = (): void => {
  for (const tensor of made) tensor.grad = null;
};

/** The engine refuses the tensor that is made after `count` others, as where there is no memory left. */
function refuseAfter(count: number, f: () => void): boolean {
  let left = count;
  const { output } = engine;
  engine.output = function (this: Engine, ...parameters) {
    if (--left < 0) throw new ImleError("limit", `${parameters[0]}: there must be room`, "");
    return output.apply(engine, parameters);
  };
  try {
    f();
    return false;
  } catch (error) {
    assert.is((error as ImleError).code, "limit", String(error));
    return true;
  } finally {
    engine.output = output;
  }
}

const test = suite("operations that end half-way");

for (const [name, operation] of Object.entries(operations)) {
  test(`${name} leaves nothing behind, whichever of its tensors finds no memory`, () => {
    tensorsOf(operation()).forEach((tensor) => tensor.dispose()); // what is made once an engine is there
    dropGradients();
    const before = engine.memory().liveBuffers;
    let refused = true;
    for (let count = 0; refused; count++) {
      let result: Made | undefined;
      refused = refuseAfter(count, () => (result = operation()));
      if (result) for (const tensor of tensorsOf(result)) tensor.dispose();
      dropGradients();
      assert.is(engine.memory().liveBuffers, before, `after ${count} tensors`);
    }
    refused = true;
    for (let count = 0; refused; count++) {
      const results = tensorsOf(operation());
      const root = results[0]!;
      if (!root.node) break;
      const seed = engine.ones(root.shape);
      refused = refuseAfter(count, () => root.backward(seed));
      for (const tensor of [...results, seed]) tensor.dispose();
      dropGradients();
      assert.is(engine.memory().liveBuffers, before, `backward, after ${count} tensors`);
    }
  });
}

test.run();
