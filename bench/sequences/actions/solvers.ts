/** Exact solvers, and layers that train through them. */

import { imle, noNoise, pid, solve, sumOfGamma, topK } from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { type Actions } from "./action.js";
import { nodeOf } from "./arithmetic.js";

const solver = topK(1);
const layers = {
  perturbed: imle(solver, { noise: sumOfGamma({ kappa: 2 }), samples: 3 }),
  exact: imle(solver, { noise: noNoise(), target: pid({ lambda: 100 }) }),
};

/** The twin's states, row by row. */
function states(values: readonly number[], width: number): number[] {
  const rows = Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
  return rows.flatMap((row) => [...topKCpu(row, 1)]);
}

export const solvers: Actions = {
  solve(world, picks) {
    const x = world.pick(picks, ({ dtype, shape }) => dtype === "f32" && `${shape}` === "2,3");
    if (!x || x.isForeign || x.elements.count === 0) return;
    const codes = [...world.wrongs(x), x.dtype !== "f32" && "dtype", x.shape.length === 0 && "shape"];
    const made = world.attempt(codes, () => solve(solver, x.tensor));
    const { values } = x.elements;
    world.adopt(made, values && x.shape.length > 0 ? states(values, x.shape.at(-1)!) : null);
  },

  layer(world, picks) {
    const x = world.pick(picks, ({ dtype, shape }) => dtype === "f32" && `${shape}` === "2,3");
    if (!x || x.isForeign || x.elements.count === 0) return;
    const codes = [...world.wrongs(x), x.dtype !== "f32" && "dtype", x.shape.length === 0 && "shape"];
    const isExact = picks.below(2) === 0;
    const made = world.attempt(codes, () => layers[isExact ? "exact" : "perturbed"](x.tensor));
    if (!made) return;
    const width = x.shape.at(-1)!;
    const { elements } = x;
    const z = isExact && elements.values ? states(elements.values, width) : null;
    // z − z′, where z′ is solved under θ − λ·∂L/∂z.
    const backward = (dy: readonly number[] | null): (readonly number[] | null)[] => {
      const { values } = elements;
      if (!isExact || !dy || !values || !z) return [null];
      const moved = values.map((value, i) => Math.fround(value - Math.fround(100 * dy[i]!)));
      const target = states(moved, width);
      return [z.map((value, i) => value - target[i]!)];
    };
    const y = world.adopt(made, z, nodeOf([x], backward, { hidden: 2 }));
    if (y?.node) Object.assign(y.node, { mayKeep: [elements, y.elements] });
  },

  refusedSolve(world, picks) {
    const x = world.pick(picks, ({ shape }) => `${shape}` === "2,3");
    if (!x || x.isForeign || x.shape.length === 0 || x.elements.count === 0) return;
    const codes = ["shape", "value", "dtype", "disposed", "buffer"];
    world.attempt(codes, () => solve(topK(1000), x.tensor));
  },

  async prepare(world, picks) {
    if (world.hosted !== null) return;
    const signal = picks.below(2) === 0 ? AbortSignal.abort(new Error("not wanted")) : undefined;
    const run = world.engine.prepare(solver, [[2, 3]], signal && { signal });
    if (!signal || world.ended !== null) return void (await world.settle([], () => run));
    const reason = await run.then(
      () => "nothing",
      (error: unknown) => String(error),
    );
    if (!reason.includes("not wanted")) throw new Error(`prepare must reject with the signal's reason, got ${reason}`);
  },
};
