/** Making tensors, from the host and on the device. */

import { type Actions, sizeOf } from "./action.js";

const shapes = [[2, 3], [2, 3], [3], [3, 2], [], [1, 3], [0, 3], [300]] as const;

export const creation: Actions = {
  tensor(world, picks) {
    const shape = picks.of(shapes);
    const values = picks.values(sizeOf(shape));
    const requiresGrad = picks.below(3) === 0;
    const label = picks.below(2) === 0 ? { label: "mine" } : {};
    const data = picks.below(2) === 0 ? Float32Array.from(values) : values;
    const made = world.attempt([], () => world.engine.tensor(data, shape, { requiresGrad, ...label }));
    world.adopt(made, values, { requiresGrad });
  },

  leaf(world, picks) {
    const values = picks.values(6);
    const made = world.attempt([], () => world.engine.tensor(values, [2, 3], { requiresGrad: true }));
    world.adopt(made, values, { requiresGrad: true });
  },

  full(world, picks) {
    const shape = picks.of(shapes);
    const [value = 0] = picks.values(1);
    const made = world.attempt([], () => world.engine.full(shape, value));
    world.adopt(made, new Array<number>(sizeOf(shape)).fill(value));
  },

  wholeNumbers(world, picks) {
    const values = picks.values(6).map(Math.trunc);
    const made = world.attempt([], () => world.engine.tensor(Int32Array.from(values), [2, 3]));
    world.adopt(made, values);
  },

  uniform(world, picks) {
    const seed = picks.below(1000);
    world.attempt([], () => world.engine.seed(seed), false);
    world.adopt(world.attempt([], () => world.engine.uniform([2, 3])), null);
  },

  refusedCreation(world, picks) {
    const { engine } = world;
    const [code, run] = picks.of<readonly [string, () => unknown]>([
      ["shape", () => engine.tensor([1, 2, 3], [2, 3])],
      ["shape", () => engine.zeros([2, -1])],
      ["shape", () => engine.tensor([[1], [2, 3]])],
      ["limit", () => engine.zeros([2 ** 38])],
      ["dtype", () => engine.zeros([2], { dtype: "f64" as never })],
      ["dtype", () => engine.ones([2], { dtype: "i32", requiresGrad: true })],
      ["value", () => engine.full([2], NaN)],
      ["value", () => engine.zeros([2], { shade: 1 } as never)],
    ]);
    world.attempt([code], run);
  },

  refusedSeed(world) {
    world.attempt(["value"], () => world.engine.seed(-1), false);
  },
};
