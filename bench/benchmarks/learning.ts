/** What training needs beside products: losses, normalisation and the optimiser, forward and back. */

import { Adam, BatchNorm2d, crossEntropy, type Engine, gather, LayerNorm, type Tensor } from "webgpu-imle";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";

const bytesOfNumber = 4;
const sumOf = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0);

const lossCase: TimedCase = {
  name: "cross-entropy and gradient [1024, 1000]",
  prepare(engine) {
    const [rows, classes] = [1024, 1000];
    const logits = engine.normal([rows, classes], { requiresGrad: true });
    const labels = engine.tensor(Int32Array.from({ length: rows }, (_, i) => (7 * i) % classes));
    return {
      work: { bytes: bytesOfNumber * 3 * rows * classes },
      unit() {
        crossEntropy(logits, labels).backward();
        logits.grad = null;
      },
      async verify() {
        const loss = crossEntropy(logits, labels);
        loss.backward();
        const values = (await logits.read()) as Float32Array;
        let wanted = 0;
        for (let row = 0; row < rows; row++) {
          const own = values.subarray(row * classes, (row + 1) * classes);
          wanted += (Math.log(sumOf(own.map(Math.exp))) - own[(7 * row) % classes]!) / rows;
        }
        expectClose("cross-entropy", await loss.item(), wanted);
        const gradient = (await logits.grad!.read()).subarray(0, classes);
        expectClose("cross-entropy: the sum of a row's gradient", sumOf(gradient), 0, 1e-5);
        logits.grad = null;
      },
    };
  },
};

/** A layer that gives each group of numbers mean 0 and variance 1, and its gradients. */
function normCase(
  name: string,
  shape: readonly number[],
  create: (engine: Engine) => { forward(x: Tensor): Tensor },
  groupOf: (place: number) => boolean,
): TimedCase {
  const count = shape.reduce((size, length) => size * length, 1);
  return {
    name: `${name} and gradients [${shape.join(", ")}]`,
    prepare(engine) {
      const layer = create(engine);
      const x = engine.normal(shape, { requiresGrad: true });
      const gradient = engine.normal(shape);
      return {
        work: { bytes: bytesOfNumber * 5 * count },
        unit() {
          layer.forward(x).backward(gradient);
          x.grad = null;
        },
        async verify() {
          const group = [...(await layer.forward(x).read())].filter((_, place) => groupOf(place));
          expectClose(`${name}: the mean`, sumOf(group) / group.length, 0, 1e-4);
          expectClose(`${name}: the variance`, sumOf(group.map((value) => value * value)) / group.length, 1, 1e-3);
        },
      };
    },
  };
}

const adamCase: TimedCase = {
  name: "Adam, a million parameters",
  prepare(engine) {
    const count = 2 ** 20;
    const parameter = engine.tensor(new Float32Array(count), [count], { requiresGrad: true });
    parameter.grad = engine.ones([count]);
    const optimiser = new Adam({ parameters: [parameter], learningRate: 0.5 });
    return {
      // Parameter, mean and square are read and written, the gradient is read.
      work: { bytes: bytesOfNumber * 7 * count },
      unit: () => optimiser.step(),
      async verify() {
        optimiser.step();
        const values = await parameter.read();
        // A gradient that is always the same moves a parameter by the learning rate.
        for (const place of [0, count - 1]) expectClose(`Adam, parameter ${place}`, values[place]!, -0.5);
      },
    };
  },
};

/** Rows of a table by index, and the table's gradient: a gather, and a sum into the table. */
const embeddingCase: TimedCase = {
  name: "embedding and gradient, 4096 of [1000, 128]",
  prepare(engine) {
    const [rows, width, words] = [1000, 128, 4096];
    const table = engine.normal([rows, width], { requiresGrad: true });
    const places = Int32Array.from({ length: words }, (_, i) => (i * i) % rows);
    const indices = engine.tensor(places);
    const gradient = engine.ones([words, width]);
    return {
      work: { bytes: bytesOfNumber * (3 * words * width + rows * width) },
      unit() {
        gather(table, indices).backward(gradient);
        table.grad = null;
      },
      async verify() {
        const picked = gather(table, indices);
        picked.backward(gradient);
        const [values, got, slopes] = await Promise.all([table.read(), picked.read(), table.grad!.read()]);
        table.grad = null;
        expectClose("gather", got[5 * width + 7]!, values[places[5]! * width + 7]!, 0);
        const times = places.filter((place) => place === 25).length;
        expectClose("gather: the gradient of row 25", slopes[25 * width]!, times);
      },
    };
  },
};

export const learning: Benchmark = {
  name: "learning",
  summary: "losses, normalisation, embedding and the optimiser of a training step, forward and back",
  cases: [
    lossCase,
    normCase(
      "batch norm",
      [8, 64, 24, 24],
      (engine) => new BatchNorm2d(engine, 64),
      (place) => Math.floor(place / 576) % 64 === 3,
    ),
    normCase(
      "layer norm",
      [1024, 512],
      (engine) => new LayerNorm(engine, 512),
      (place) => Math.floor(place / 512) === 5,
    ),
    embeddingCase,
    adamCase,
  ],
};
