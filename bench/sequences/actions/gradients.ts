/** The tape: walks back, gradients that are dropped, used and given. */

import { customGradient, noGrad } from "webgpu-imle";
import { Elements, type Handle, heldNodes, known, walkBack } from "../model.js";
import type { World } from "../world.js";
import { type Actions, sameShape } from "./action.js";
import { nodeOf } from "./arithmetic.js";

const isConsumed = (root: Handle): boolean => [...heldNodes([root])].some(({ consumed }) => consumed);

function backward(world: World, root: Handle, gradient: Handle | null): void {
  if (root.isForeign) return;
  const codes = [
    ...world.wrongs(root),
    !root.requiresGrad && "value",
    !gradient && root.elements.count !== 1 && "shape",
    isConsumed(root) && "disposed",
    ...(gradient ? world.wrongs(gradient) : []),
    gradient && !(sameShape(root.shape, gradient.shape) && gradient.dtype === "f32") && "shape",
  ].filter((code): code is string => typeof code === "string");
  const before = world.tally.refused;
  world.attempt(codes, () => root.tensor.backward(gradient?.tensor));
  if (world.tally.refused === before) walkBack(root, gradient ? gradient.elements.values : [1]);
}

export const gradients: Actions = {
  backward(world, picks) {
    const root = world.pick(picks, ({ elements, requiresGrad }) => elements.count === 1 && requiresGrad);
    if (root) backward(world, root, null);
  },

  sumAndBackward(world, picks) {
    const x = world.pick(picks, (handle) => handle.requiresGrad && handle.node !== null && !isConsumed(handle));
    if (!x || x.isForeign) return;
    const { values, count } = x.elements;
    const made = world.attempt(world.wrongs(x), () => x.tensor.sum());
    const total = values && known([values.reduce((a, b) => a + b, 0)]);
    const sum = world.adopt(made, total, nodeOf([x], (dy) => [dy && new Array<number>(count).fill(dy[0]!)]));
    if (sum) backward(world, sum, null);
  },

  backwardWithGradient(world, picks) {
    const root = world.pick(picks, ({ requiresGrad }) => requiresGrad);
    const gradient = world.pick(picks, (handle) => root !== undefined && sameShape(handle.shape, root.shape));
    if (root && gradient) backward(world, root, gradient);
  },

  dropGradient(world, picks) {
    const leaf = world.leaf(picks);
    if (!leaf || leaf.isForeign) return;
    world.attempt([], () => (leaf.tensor.grad = null), false);
    leaf.gradient = null;
  },

  giveGradient(world, picks) {
    const leaf = world.leaf(picks);
    if (!leaf || leaf.isForeign || !leaf.isAlive || leaf.dtype !== "f32") return;
    const fits = picks.below(4) > 0;
    const { count } = leaf.elements;
    const values = picks.values(count);
    const made = world.attempt([], () => world.engine.tensor(values, fits ? leaf.shape : [count, 1, 1]));
    if (!made) return;
    if (!fits) {
      world.attempt(["shape"], () => (leaf.tensor.grad = made));
      made.dispose();
      return;
    }
    world.attempt([], () => (leaf.tensor.grad = made));
    leaf.gradient = new Elements(count, values);
  },

  useGradient(world, picks) {
    const leaf = world.pick(picks, ({ gradient }) => gradient !== null);
    const gradient = leaf?.gradient;
    if (!leaf || !gradient) {
      if (leaf?.tensor.grad) throw new Error("a gradient is there that must not be");
      return;
    }
    const made = world.attempt([], () => leaf.tensor.grad!.neg());
    world.adopt(made, gradient.values && gradient.values.map((value) => -value));
  },

  withoutTape(world, picks) {
    const x = world.pick(picks, ({ requiresGrad }) => requiresGrad);
    if (!x || x.isForeign) return;
    const { values } = x.elements;
    const made = world.attempt(world.wrongs(x), () => noGrad(() => x.tensor.neg()));
    world.adopt(made, values && values.map((value) => -value));
  },

  ownGradient(world, picks) {
    const x = world.pick(picks, ({ dtype }) => dtype === "f32");
    if (!x || x.isForeign || x.dtype !== "f32") return;
    const { values } = x.elements;
    const made = world.attempt(world.wrongs(x), () =>
      customGradient({ inputs: [x.tensor], forward: (one) => one.add(1), backward: (dy) => dy.mul(2) }),
    );
    const backward = (dy: readonly number[] | null): (readonly number[] | null)[] => [dy && dy.map((value) => 2 * value)];
    const y = world.adopt(made, values && known(values.map((value) => value + 1)), nodeOf([x], backward));
    // Inputs and outputs stay readable for a gradient of one's own.
    if (y?.node) Object.assign(y.node, { mayKeep: [x.elements, y.elements] });
  },

  refusedBackward(world, picks) {
    const x = world.pick(picks, ({ requiresGrad }) => !requiresGrad);
    if (x && !x.isForeign && !x.requiresGrad) world.attempt([...world.wrongs(x), "value"], () => x.tensor.backward());
  },
};
