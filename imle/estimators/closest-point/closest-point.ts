import { constants } from "../../../engine/compose.js";
import type { Slice } from "../../../engine/commands.js";
import type { Engine } from "../../../engine/engine.js";
import type { Kernel } from "../../../engine/kernel.js";
import { maximum, sqrt, square } from "../../../engine/ops/elementwise.js";
import type { Tensor } from "../../../engine/tensor.js";
import directionText from "./direction.wgsl";
import combineText from "./combine.wgsl";
import correctText from "./correct.wgsl";
import productsText from "./products.wgsl";

/** States that a point is a mixture of, at most: what is kept of them grows with their square. */
const mostStates = 256;

/** Turns of a lane's loops in one dispatch: lavapipe ends them after 65,535. */
const mostTurns = 60_000;

/** How far the target is moved, in units of states, where states are asked for among which the point may move. */
const nearby = 1e-3;

/** What is looked for: the point of a convex hull, or of a cone, nearest to scale·target. */
export interface Search {
  readonly operation: string;
  /** f32 [...batch, ...instance] */
  readonly target: Tensor;
  readonly instances: number;
  /** Elements of an instance. */
  readonly size: number;
  readonly scale: number;
  /** `hull`: Σλ·state with λ ≥ 0 and Σλ = 1; `cone`: with λ ≥ 0. */
  readonly over: "hull" | "cone";
  /** Times that `best` is asked, from 1. */
  readonly iterations: number;
  /** 1, or −1 where `best` minimises. */
  readonly sign: 1 | -1;
  /** The state that is best for weights of the target's shape, the same for these times any number above 0. */
  best(weights: Tensor): Tensor;
}

/** The point, and its derivative. */
export interface ClosestPoint {
  /** f32, of the target's shape. */
  readonly point: Tensor;
  /**
   * Of a hull: scale·P·vectors, P the orthogonal projection onto the directions between the states of the least face
   * that the point is in: ∂point/∂target, which is symmetric. Reads the target and the point.
   */
  project(vectors: Tensor): Tensor;
}

/**
 * The closest point as a mixture of few states, all that is asked being which state is best for given weights: Frank
 * and Wolfe's method, fully corrective. Each iteration adds a state and goes to the closest point of those that it has,
 * which ends at the exact one after finitely many; `iterations` bounds them, and nothing is read back.
 *
 * Far fewer states than its face has give the point to within rounding (what is left halves, about, with each), so that
 * they are too few for its derivative. That asks for others: the best ones of weights moved a little along what is left
 * of the vector that is to be projected, relative to the point directions of its face, made orthonormal one by one.
 *
 * Source: Wolfe, "Finding the nearest point in a polytope", Mathematical Programming 11, 1976; orthogonalised twice:
 * Giraud, Langou, Rozložník 2005.
 */
export function closestPoint(search: Search): ClosestPoint {
  const { operation, target, instances, size, scale, over, iterations, sign, best } = search;
  const { engine } = target;
  const isHull = over === "hull";
  const kernels = kernelsOf(engine);
  const groupsOf = (count: number): number => Math.max(1, Math.ceil(count / 4));

  /** Products of a new state, relative to a base, and of what is left with kept states: see products.wgsl. */
  const productsOf = (
    tensors: Readonly<Record<"state" | "base" | "left" | "states", Tensor>>,
    uniforms: Readonly<Record<"groups" | "used" | "base_scale" | "left_scale", number>>,
  ): Tensor => {
    const products = engine.output(operation, [uniforms.used + 1, 2, instances, 4]);
    engine.dispatch({
      kernel: kernels.products,
      buffers: slicesOf(operation, { ...tensors, products }),
      uniforms: { instances, size, ...uniforms },
      workgroups: Math.ceil((instances * uniforms.used) / lanesOf(engine)),
    });
    return products;
  };
  /** targetScale·destination + pointScale·(baseScale·base + a mixture of the states): see combine.wgsl. */
  const combine = (
    tensors: Readonly<Record<"numbers" | "destination" | "base" | "state" | "states", Tensor>>,
    uniforms: Readonly<Record<"groups" | "used" | "first" | "stride" | "is_new", number>> &
      Readonly<Record<"base_scale" | "target_scale" | "point_scale", number>>,
  ): Tensor => {
    const y = engine.output(operation, target.shape);
    engine.dispatch({
      kernel: kernels.combine,
      buffers: slicesOf(operation, { ...tensors, y }),
      uniforms: { instances, size, ...uniforms },
      workgroups: Math.ceil((instances * Math.ceil(size / 4)) / 64),
    });
    return y;
  };

  const found = (): Tensor => {
    // No more can be independent of one another: affinely, or linearly.
    const groups = groupsOf(Math.min(iterations, size + (isHull ? 1 : 0), mostStates));
    const work = engine.zeros([(4 * groups + 4) * groups + 1, instances, 4]);
    const states = engine.zeros([groups, instances, size, 4]);
    const base = isHull ? best(target) : target;
    const hull = isHull ? 1 : 0;
    return repeat(engine, iterations, (left, t) => {
      const weights = left ?? target;
      const state = t === 0 && isHull ? base : best(weights);
      const used = Math.min(groupsOf(t + 1), groups);
      const sizes = { groups, used, base_scale: hull };
      const products = productsOf(
        { state, base, left: weights, states },
        { ...sizes, left_scale: left ? sign : scale },
      );
      // A pass has two loops over the squares of the groups in use, and taking a state has two.
      const passes = Math.min(Math.floor((mostTurns - 3 * used ** 2) / (2 * used ** 2 + 8 * used)), 4 * used);
      engine.dispatch({
        kernel: kernels.correct,
        buffers: slicesOf(operation, { work, products }),
        uniforms: { instances, groups, used, hull, first: t === 0 ? 1 : 0, passes },
        workgroups: Math.ceil(instances / lanesOf(engine)),
      });
      const isLast = t === iterations - 1;
      return combine(
        { numbers: work, destination: target, base, state, states },
        {
          ...{ ...sizes, first: 4 * groups * groups, stride: 1, is_new: 1 },
          ...{ target_scale: isLast ? 0 : sign * scale, point_scale: isLast ? 1 : -sign },
        },
      );
    });
  };
  const isEmpty = instances * size === 0;
  const point = isEmpty ? engine.zeros(target.shape) : engine.scope(found);

  return {
    point,
    project(vectors) {
      if (isEmpty) return engine.zeros(target.shape);
      return engine.scope(() => {
        const rest = target.mul(sign * scale).sub(point.mul(sign));
        const rows = vectors.reshape([instances, size]);
        const length = sqrt(maximum(square(rows).sum(-1, true), 1e-30)); // no division by 0
        const whole = rows.div(length);
        const left = whole.add(0);
        const weights = rest.add(whole.mul(sign * nearby).reshape(target.shape));
        const groups = groupsOf(Math.min(iterations, size));
        const states = engine.zeros([groups, instances, size, 4]);
        for (let t = 0; t < Math.min(iterations, size); t++) {
          engine.scope(() => {
            const state = best(weights);
            const used = groupsOf(t + 1);
            const sizes = { groups, used };
            const first = productsOf({ state, base: point, left, states }, { ...sizes, base_scale: 1, left_scale: 1 });
            const scales = { base_scale: 1, target_scale: 1, point_scale: -1 };
            const d = combine(
              { numbers: first, destination: state, base: point, state, states },
              { ...sizes, ...scales, first: 0, stride: 2, is_new: 0 },
            );
            const products = productsOf({ state: d, base: point, left, states }, { ...sizes, base_scale: 0, left_scale: 1 });
            engine.dispatch({
              kernel: kernels.direction,
              buffers: slicesOf(operation, { products, d, rest, directions: states, left, weights }),
              uniforms: { instances, size, used, slot: t, nearby: sign * nearby },
              workgroups: Math.ceil((instances * size) / 64),
            });
          });
        }
        return whole.sub(left).mul(length.mul(scale)).reshape(target.shape);
      });
    },
  };
}

/** The tensors as a dispatch takes them. */
const slicesOf = (operation: string, tensors: Readonly<Record<string, Tensor>>): Record<string, Slice> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.slice(operation)]));

/** The last of several results, each made from the one before, which is let go of. */
function repeat(engine: Engine, times: number, make: (before: Tensor | null, t: number) => Tensor): Tensor {
  let result: Tensor | null = null;
  for (let t = 0; t < times; t++) {
    const before: Tensor | null = result;
    result = engine.scope(() => make(before, t));
    before?.dispose();
  }
  return result!;
}

/** Lanes of a workgroup: few on processors, so that few instances use all of their cores. */
const lanesOf = (engine: Engine): number => (engine.software ? 8 : 64);

/** The kernels of {@link closestPoint}. */
function kernelsOf(engine: Engine): Readonly<Record<"products" | "correct" | "combine" | "direction", Kernel>> {
  const kernel = (name: string, text: string): Kernel =>
    engine.kernel(`closest point, ${name}:${lanesOf(engine)}`, () => [
      constants({ LANES: lanesOf(engine) }),
      { name: `imle/estimators/closest-point/${name}.wgsl`, text },
    ]);
  return {
    products: kernel("products", productsText),
    correct: kernel("correct", correctText),
    combine: kernel("combine", combineText),
    direction: kernel("direction", directionText),
  };
}

/** The same, for `engine.prepare`. */
export const closestPointKernels = (engine: Engine): readonly Kernel[] => Object.values(kernelsOf(engine));
