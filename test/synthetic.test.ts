import { suite } from "uvu";
import * as assert from "uvu/assert";
import { imle, pid, sumOfGamma, type Tensor, topK } from "webgpu-imle";
import { k, type Method, methodKeys, methods, n, publishedLambda } from "../examples/synthetic/methods.js";
import { testEngine } from "./support/engine.js";
import { allSubsets, differences, dot, enumerate } from "./support/enumeration.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("synthetic: the methods");

const states = allSubsets(n, k);
const numbers = (seed: number, rows: number): Float32Array<ArrayBuffer> => randomNumbers(randomSource(seed), rows * n);

test("the exact gradient is that of the expected loss over all 252 states", async () => {
  const exact: Method = methods.exact;
  const [theta, b] = [numbers(90, 1), numbers(91, 1)];
  const leaf = engine.tensor(theta, [1, 1, n], { requiresGrad: true });
  const shifted = exact.make()(leaf, engine.tensor(b, [1, 1, n]), engine.ones([1, 1, 1]));
  shifted.backward();
  const loss = (state: readonly number[]): number => state.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);
  const expected = (x: readonly number[]): number => dot(enumerate(states, x).probabilities, states.map(loss));
  expectClose("gradient", await leaf.grad!.read(), differences(expected, theta), { absolute: 1e-5 });
});

test("the gradient of every method points, on average, along that of the expected loss", async () => {
  const copies = 4000;
  const theta = numbers(92, 1).map((x) => x / 2);
  const b = numbers(93, 1);
  const rows = (values: Float32Array): Tensor => {
    const repeated = Float32Array.from({ length: copies * n }, (_, i) => values[i % n]!);
    return engine.tensor(repeated, [1, copies, n], { requiresGrad: true });
  };
  const exact = differences(
    (x) => dot(enumerate(states, x).marginals, b.map((value) => 1 - 2 * value)),
    theta,
  );
  for (const key of methodKeys) {
    engine.seed(5);
    const leaf = rows(theta);
    const method: Method = methods[key];
    method.make()(leaf, rows(b), engine.ones([1, 1, 1])).backward();
    const gradient = await leaf.grad!.sum([0, 1]).read();
    const cosine = dot(gradient, exact) / Math.sqrt(dot(gradient, gradient) * dot(exact, exact));
    assert.ok(cosine > 0.3, `${key}: cosine ${cosine}`);
  }
});

test("a loss multiplied by λ is a target of that λ, as the grid takes it", async () => {
  const [theta, b] = [numbers(94, 50), numbers(95, 50)];
  const gradientOf = async (lambda: number, scale: number): Promise<Float32Array> => {
    engine.seed(6);
    const layer = imle(topK(k), { noise: sumOfGamma({ kappa: k }), target: pid({ lambda }), stream: 421 });
    const leaf = engine.tensor(theta, [50, n], { requiresGrad: true });
    layer(leaf).sub(engine.tensor(b, [50, n])).pow(2).mul(scale).sum().backward();
    return leaf.grad!.read();
  };
  const gradient = await gradientOf(publishedLambda, 1);
  assert.equal(gradient, await gradientOf(1, publishedLambda));
  assert.ok(gradient.some((x) => x !== 0));
});

test.run();
