/**
 * What the land costs, learnt from drawn paths: the library, on the app's device and on the app's buffers. Costs, path
 * and marginals stay in tensors whose buffers the renderer binds as they are.
 */

import {
  Adam,
  broadcastTo,
  dijkstraGrid,
  Engine,
  imle,
  noGrad,
  perturbAndMap,
  pid,
  slice,
  softplus,
  solve,
  sumOfGamma,
  type Tensor,
} from "webgpu-imle";
import { cells, featureCount, side } from "./landscape.js";

/** The app's buffers that the learner reads where they lie. */
export interface LearnerBuffers {
  /** f32 [cells, featureCount]. */
  readonly features: GPUBuffer;
  /** f32 [capacity, cells]: 1 where a stroke goes. */
  readonly strokes: GPUBuffer;
  /** i32 [capacity, 2]: row and column of the strokes' ends. */
  readonly starts: GPUBuffer;
  readonly goals: GPUBuffer;
}

/** What there is to see, on the device. */
export interface Seen {
  /** [1, side, side]. */
  readonly costs: Tensor;
  /** The cheapest path between the ends of one stroke, [1, side, side]. */
  readonly path: Tensor;
  /** How often the perturbed paths between them come by, [1, side, side]. */
  readonly marginals: Tensor;
}

const solver = dijkstraGrid();
const perturbations = { noise: sumOfGamma({ kappa: Math.round(1.3 * side) }), samples: 8, temperature: 0.3 } as const;

export class Learner {
  readonly engine: Engine;
  /** Of the kinds of ground and of steepness: what is learnt on one path holds for the whole land. */
  private readonly weights: Tensor;
  /** Of each cell by itself: what the kinds cannot tell. Its small step keeps it for last. */
  private readonly places: Tensor;
  private readonly optimisers: readonly Adam[];
  private readonly pathLayer = imle(solver, { ...perturbations, target: pid({ lambda: 2 }) });
  private seen: Seen | null = null;

  constructor(
    device: GPUDevice,
    private readonly buffers: LearnerBuffers,
  ) {
    this.engine = Engine.from(device);
    this.weights = this.engine.zeros([featureCount, 1], { requiresGrad: true });
    this.places = this.engine.zeros([1, side, side], { requiresGrad: true });
    this.optimisers = [
      new Adam({ parameters: [this.weights], learningRate: 0.05 }),
      new Adam({ parameters: [this.places], learningRate: 0.025 }),
    ];
  }

  /** Compiles ahead what takes longest, so that the first stroke need not wait. */
  async prepare(): Promise<void> {
    const shape = [1, side, side];
    await this.engine.prepare(solver, [shape]);
    await this.engine.prepare(this.pathLayer, [shape]);
  }

  /**
   * A step on the first `count` strokes, and what is then to be seen of the last of them: work of four pieces, each
   * recorded by a call of `next()`, so that a slow device need not do it all at once. Nothing waits, and nothing is read.
   */
  *lesson(count: number): Generator<undefined, Seen> {
    const { engine } = this;
    const scope = engine.openScope(); // what a piece leaves to the next lives until the last
    try {
      const drawn = engine.wrap(this.buffers.strokes, [count, side, side]);
      const costs = broadcastTo(this.costs(), [count, side, side]);
      const paths = this.pathLayer(costs, this.ends(0, count));
      // Hamming: cells that the paths should have crossed and did not, and the reverse.
      const loss = drawn.mul(-2).add(1).mul(paths).sum();
      yield;
      loss.backward();
      for (const optimiser of this.optimisers) {
        optimiser.step();
        optimiser.zeroGrad();
      }
      yield;
      return yield* this.views(count - 1);
    } finally {
      scope.close();
    }
  }

  /** Records at once what is to be seen of a stroke. */
  look(stroke: number): Seen {
    const views = this.views(stroke);
    views.next();
    return views.next().value!;
  }

  /** The same in two pieces; what was seen before is given back with the second. */
  private *views(stroke: number): Generator<undefined, Seen> {
    const scope = this.engine.openScope();
    try {
      const inputs = this.ends(stroke, stroke + 1);
      const [costs, path] = noGrad(() => {
        const costs = this.costs();
        return [costs, solve(solver, costs, inputs)];
      });
      yield;
      const marginals = noGrad(() => perturbAndMap(solver, costs, { ...perturbations, inputs }));
      for (const tensor of this.seen ? Object.values(this.seen) : []) (tensor as Tensor).dispose();
      return (this.seen = { costs: costs.keep(), path: path.keep(), marginals: marginals.keep() });
    } finally {
      scope.close();
    }
  }

  private costs(): Tensor {
    const features = this.engine.wrap(this.buffers.features, [cells, featureCount]);
    return softplus(features.matmul(this.weights).reshape([1, side, side]).add(this.places));
  }

  /** Where strokes `from` to `to` (left out) begin and end. */
  private ends(from: number, to: number): { start: Tensor; goal: Tensor } {
    const rows = (buffer: GPUBuffer): Tensor =>
      slice(this.engine.wrap(buffer, [to, 2], { dtype: "i32" }), [{ start: from, end: to }]);
    return { start: rows(this.buffers.starts), goal: rows(this.buffers.goals) };
  }
}
