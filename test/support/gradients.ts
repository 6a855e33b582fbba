import * as assert from "uvu/assert";
import type { Engine, Tensor } from "webgpu-imle";
import { scoped } from "./engine.js";
import { randomTwin, type Twin } from "./twins.js";

/** Allowed: |got − expected| ≤ absolute + relative·|expected|. */
export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

/** An operation, its twin, and numbers to try them on. */
export interface OperationCase {
  readonly name: string;
  readonly inputs: readonly Twin[];
  readonly run: (...inputs: Tensor[]) => Tensor;
  readonly twin: (...inputs: Twin[]) => Twin;
  readonly tolerance?: Tolerance;
  /** Of the gradients; those come through more roundings. */
  readonly gradientTolerance?: Tolerance;
  /** Step of the central differences; where an input lies this near to a kink, they mean nothing. */
  readonly step?: number;
}

/** Fails at the first number that is further off than allowed. */
export function expectClose(
  name: string,
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative = 2e-6, absolute = 1e-6 }: Tolerance = {},
): void {
  assert.is(got.length, expected.length, `${name}: ${got.length} numbers for ${expected.length}`);
  for (let i = 0; i < got.length; i++) {
    const allowed = absolute + relative * Math.abs(expected[i]!);
    // Written so that NaN fails.
    if (!(Math.abs(got[i]! - expected[i]!) <= allowed)) {
      assert.unreachable(`${name}: element ${i} must be ${expected[i]} within ${allowed}, got ${got[i]}`);
    }
  }
}

/** Starts all checks one after the other, and waits for them together: a wait for the device may take 11 ms. */
export async function inTurn<Item>(items: readonly Item[], check: (item: Item) => Promise<void>): Promise<void> {
  await Promise.all(items.map(check));
}

/** Compares the values with the twin's. Many may wait at once: what they make is made before they wait. */
export async function expectValue(engine: Engine, operation: OperationCase): Promise<void> {
  const { name, inputs, run, twin, tolerance } = operation;
  await scoped(engine, async () => {
    const y = run(...inputs.map((input) => engine.tensor(input.values, input.shape)));
    const expected = twin(...inputs);
    assert.equal([...y.shape], [...expected.shape], `${name}: shape`);
    expectClose(name, await y.read(), expected.values, tolerance);
  });
}

/** Compares ∂⟨w, y⟩/∂x, w random, with central differences of the twin, for every input. Many may wait at once. */
export async function expectGradients(engine: Engine, operation: OperationCase): Promise<void> {
  const { name, inputs, run, twin, gradientTolerance = { relative: 1e-4, absolute: 1e-4 }, step = 1e-4 } = operation;
  await scoped(engine, async () => {
    const tensors = inputs.map((input) => engine.tensor(input.values, input.shape, { requiresGrad: true }));
    const y = run(...tensors);
    const weights = randomTwin(y.shape, { seed: 77 });
    const weigh = (result: Twin): number => result.values.reduce((sum, v, i) => sum + v * weights.values[i]!, 0);
    y.backward(engine.tensor(weights.values, weights.shape));
    const gradients = tensors.map(({ grad }, place) => {
      assert.ok(grad, `${name}: input ${place} must have a gradient`);
      assert.equal([...grad.shape], [...inputs[place]!.shape]);
      return grad.read();
    });
    for (const [place, input] of inputs.entries()) {
      const moved = (i: number, by: number): number => {
        const values = input.values.map((value, j) => (j === i ? value + by : value));
        return weigh(twin(...inputs.map((other, p) => (p === place ? { shape: input.shape, values } : other))));
      };
      const expected = input.values.map((_, i) => (moved(i, step) - moved(i, -step)) / (2 * step));
      expectClose(`${name}, gradient of input ${place}`, await gradients[place]!, expected, gradientTolerance);
    }
  });
}
