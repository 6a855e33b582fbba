/** Optimisers and captured steps. */

import { SGD } from "webgpu-imle";
import { Elements, known } from "../model.js";
import type { OptimiserModel, StepModel } from "../world.js";
import { type Actions, sameShape } from "./action.js";

const learningRate = 0.25;

/** values − η·gradient. */
const descended = (values: readonly number[] | null, gradient: readonly number[] | null): readonly number[] | null =>
  values && gradient && known(values.map((value, i) => value - learningRate * gradient[i]!));

export const training: Actions = {
  optimiser(world, picks) {
    const leaf = world.leaf(picks);
    if (!leaf || leaf.isForeign || world.optimisers.length >= 3) return;
    const isLeaf = leaf.requiresGrad && leaf.node === null;
    const codes = [...world.wrongs(leaf), !isLeaf && "value"];
    const optimiser = world.attempt(codes, () => new SGD({ parameters: [leaf.tensor], learningRate }));
    if (!optimiser) return;
    const model: OptimiserModel = {
      ...{ optimiser, leaf, learningRate, hidden: { buffers: 0, bytes: 0 }, isAlive: true },
      elements: [new Elements(1, [learningRate])], // η, on the device
      dispose: () => optimiser.dispose(),
    };
    world.optimisers.push(model);
  },

  step(world, picks) {
    if (world.optimisers.length === 0) return;
    const { optimiser, leaf, isAlive } = picks.of(world.optimisers);
    const codes = [!isAlive && "disposed", ...world.wrongs(leaf)];
    const doesNothing = leaf.gradient === null && codes.every((code) => code === false);
    const before = world.tally.refused;
    world.attempt(codes, () => optimiser.step(), !doesNothing || world.ended !== null);
    if (world.tally.refused !== before || !leaf.gradient) return;
    leaf.elements.values = descended(leaf.elements.values, leaf.gradient.values);
  },

  zeroGrad(world, picks) {
    if (world.optimisers.length === 0) return;
    const { optimiser, leaf } = picks.of(world.optimisers);
    world.attempt([], () => optimiser.zeroGrad(), false);
    leaf.gradient = null;
  },

  disposeOptimiser(world, picks) {
    if (world.optimisers.length === 0) return;
    const model = picks.of(world.optimisers);
    world.attempt([], () => model.dispose(), false);
    model.isAlive = false;
    if (picks.below(2) === 0) world.optimisers.splice(world.optimisers.indexOf(model), 1);
  },

  capture(world, picks) {
    const leaf = world.pick(picks, ({ requiresGrad, node, shape }) => requiresGrad && !node && `${shape}` === "2,3");
    const isLeaf = leaf && leaf.isAlive && leaf.requiresGrad && leaf.node === null && sameShape(leaf.shape, [2, 3]);
    if (!isLeaf || world.steps.length >= 2 || world.hosted !== null || world.ended !== null) return;
    const w = leaf.tensor;
    const optimiser = new SGD({ parameters: [w], learningRate });
    const call = world.attempt([], () =>
      world.engine.capture((x) => {
        w.grad = null;
        const y = x.mul(w).sum();
        y.backward();
        optimiser.step();
        return y;
      }),
    )!;
    const step: StepModel = {
      ...{ call, leaf, hidden: { buffers: 0, bytes: 0 }, isAlive: true, calls: 0 },
      ...{ result: new Elements(1, null), gradient: new Elements(6, null) },
      elements: [new Elements(1, [learningRate])],
      dispose: () => (call.dispose(), optimiser.dispose()),
    };
    world.steps.push(step);
  },

  /** A call of a captured step: the first runs plainly, the second records. */
  replay(world, picks) {
    if (world.steps.length === 0) return;
    const step = picks.of(world.steps);
    const x = world.pick(picks, ({ requiresGrad, shape, dtype }) => !requiresGrad && dtype === "f32" && `${shape}` === "2,3");
    const isRecorded = step.calls >= 2;
    if (!x || (!isRecorded && (!sameShape(x.shape, [2, 3]) || x.dtype !== "f32" || world.hosted !== null))) return;
    const codes = [
      !step.isAlive && "disposed",
      ...world.wrongs(x),
      x.requiresGrad && "value",
      !isRecorded && !step.leaf.isAlive && "disposed",
      isRecorded && !(sameShape(x.shape, [2, 3]) && x.dtype === "f32") && "shape",
    ];
    const before = world.engine.memory();
    const held = [step.leaf.gradient].filter((one) => one !== null);
    const made = world.attempt(codes, () => step.call(x.tensor));
    if (!made) {
      // The step drops the gradient before it gets to a leaf that is gone, or to an engine that has ended.
      return;
    }
    step.calls++;
    const { leaf } = step;
    const [input, weights] = [x.elements.values, leaf.elements.values];
    const sum = input && weights && known([input.reduce((total, value, i) => total + value * weights[i]!, 0)]);
    const after = descended(weights, input);
    if (step.calls === 1) {
      world.adopt(made, sum, { requiresGrad: true });
      world.handles.at(-1)!.node = { inputs: [], sources: [], mayKeep: [], hidden: 0, backward: () => [], consumed: true };
      leaf.gradient = new Elements(6, input);
    } else {
      step.result.values = sum;
      step.gradient.values = input;
      if (leaf.isAlive) leaf.gradient = step.gradient;
      world.adopt(made, null, { elements: step.result });
    }
    leaf.elements.values = after;
    if (step.calls !== 2) return;
    // The recording holds its results, its leaf, and buffers that only it knows of.
    Object.assign(step, { elements: [...step.elements, step.result, step.gradient, leaf.elements] });
    const own = [step.result, step.gradient];
    step.hidden = world.hiddenSince(before, own);
    step.hidden.buffers += held.length;
    step.hidden.bytes += held.reduce((total, { capacity }) => total + capacity, 0);
    if (step.hidden.buffers < 1 || step.hidden.buffers > 4) {
      throw new Error(`a captured step of three operations holds ${step.hidden.buffers} buffers of its own`);
    }
  },

  disposeStep(world, picks) {
    if (world.steps.length === 0) return;
    const step = picks.of(world.steps);
    world.attempt([], () => step.dispose(), false);
    step.isAlive = false;
    if (picks.below(2) === 0) world.steps.splice(world.steps.indexOf(step), 1);
  },
};
