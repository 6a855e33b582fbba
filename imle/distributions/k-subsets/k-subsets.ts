import type { Dispatch } from "../../../engine/commands.js";
import { constants, type Piece } from "../../../engine/compose.js";
import { customGradient } from "../../../engine/custom-gradient.js";
import type { Engine } from "../../../engine/engine.js";
import { formatShape, formatValue, must } from "../../../engine/error.js";
import type { Kernel } from "../../../engine/kernel.js";
import { requireTensor } from "../../../engine/ops/arguments.js";
import { greaterEqual } from "../../../engine/ops/elementwise.js";
import { slice } from "../../../engine/ops/slicing.js";
import { topKValues } from "../../../engine/ops/sort.js";
import type { RandomPlace } from "../../../engine/random.js";
import { noGrad } from "../../../engine/tape.js";
import type { Tensor } from "../../../engine/tensor.js";
import { solve } from "../../../solvers/run.js";
import { topK } from "../../../solvers/top-k/top-k.js";
import { type SamplePart, sampleParts, sumOfParts } from "../../sample-parts.js";
import type { SampleOptions, StateDistribution } from "../distribution.js";
import { requireSampling, requireStates } from "../requirements.js";
import { blocksText, inRegisters } from "./blocks.js";
import chancesText from "./chances.wgsl";
import changesText from "./changes.wgsl";
import marginalsText from "./marginals.wgsl";
import rowsText from "./rows.wgsl";
import sampleText from "./sample.wgsl";

/** Steps of a lane in one dispatch, and items of a row: lavapipe ends an invocation's loops together after 65,535. */
const mostSteps = 28_000;
const mostItems = 32_000;

/** Lanes of a workgroup: few on processors, so that few rows use all of their cores. */
const lanesOf = (engine: Engine): number => (engine.software ? 8 : 64);

/** The distribution of {@link kSubsets}. */
export interface KSubsets extends StateDistribution {
  /** How many of the items a state has. */
  readonly k: number;
  /** Cov(z)·v, the Jacobian of the marginals times v, f32 of θ's shape; without a gradient. */
  covariance(theta: Tensor, v: Tensor): Tensor;
  /** The mean of states drawn exactly, f32 of θ's shape, in memory that does not grow with their number. */
  sampleMean(theta: Tensor, options?: SampleOptions): Tensor;
  /** The kernels of `sample`, and of `covariance`. */
  kernels(engine: Engine): readonly Kernel[];
}

/**
 * All subsets of k of n items, as masks: p(z; θ) ∝ exp⟨z, θ⟩, exactly and on the device. The last axis of θ is the
 * instance. O(nk) for a row; each row needs 4nk bytes while it is worked on, rows together a storage binding's limit.
 *
 * Source: Ahmed, Zeng, Niepert, Van den Broeck, "SIMPLE: a gradient estimator for k-subset sampling", ICLR 2023
 * (arXiv 2210.01941), Section 3, here as a sequential sampler.
 *
 * @param k whole number from 0; checked against n at each call
 * @throws ImleError `value` where k is not such a number; at a call `shape` where k > n, `limit` where n > 32,000
 */
export function kSubsets(k: number): KSubsets {
  must(
    Number.isInteger(k) && k >= 0,
    "value",
    () => `kSubsets: k must be a whole number from 0, got ${formatValue(k)}`,
    "Pass how many are to be drawn.",
  );
  const drawing = (
    method: string,
    draw: (theta: Tensor, samples: number, place: RandomPlace) => Tensor,
  ): StateDistribution["sample"] => {
    return (theta, options = {}) => {
      requireRows(method, k, theta);
      requireSampling(`kSubsets.${method}`, options);
      const { samples = 1, place } = options;
      const own = place ?? theta.engine.random.next(0);
      return theta.engine.scope(() => noGrad(() => draw(theta, samples, own)));
    };
  };
  const mean = (theta: Tensor): Tensor => theta.engine.scope(() => marginalsOf(k, chancesOf(k, theta)));
  const distribution: KSubsets = {
    k,
    instanceAxes: 1,
    logPartition(theta) {
      requireRows("logPartition", k, theta);
      return customGradient({
        label: "kSubsets.logPartition",
        inputs: [theta],
        forward: (weights) => weights.engine.scope(() => logPartitionOf(k, weights)),
        backward: (dy) => mean(theta).mul(dy.reshape([...dy.shape, 1])),
      });
    },
    marginals(theta) {
      requireRows("marginals", k, theta);
      return theta.engine.scope(() => {
        const found = noGrad(() => chancesOf(k, theta));
        return customGradient({
          label: "kSubsets.marginals",
          inputs: [theta],
          saved: [found.chances],
          forward: () => marginalsOf(k, found),
          backward: (dy) => covarianceOf(k, found, dy),
        });
      });
    },
    sample: drawing("sample", (theta, samples, place) =>
      drawOf(k, chancesOf(k, theta), { first: 0, count: samples, of: samples }, place),
    ),
    sampleMean: drawing("sampleMean", (theta, samples, place) => meanOfDraws(k, chancesOf(k, theta), samples, place)),
    score(theta, states) {
      requireRows("score", k, theta);
      requireStates("kSubsets.score", theta, states, 1);
      return states.sub(distribution.marginals(theta).reshape([...theta.shape.slice(0, -1), 1, -1]));
    },
    covariance(theta, v) {
      requireRows("covariance", k, theta);
      requireRows("covariance", k, v);
      return theta.engine.scope(() => noGrad(() => covarianceOf(k, chancesOf(k, theta), v)));
    },
    kernels: (engine) => [
      chancesKernel(engine, k),
      changesKernel(engine, k),
      marginalsKernel(engine, k, true),
      sampleKernel(engine),
    ],
  };
  return distribution;
}

/** Subsets drawn at a place, and the covariance of their distribution, of the same chances. */
export interface DrawnSubsets {
  /** f32 [...batch, n], the mean over samples, or [...batch, S, n]. */
  readonly states: Tensor;
  /** Tensors that `covariance` reads: they must live until then. */
  readonly kept: readonly Tensor[];
  /** Cov(z)·v */
  covariance(v: Tensor): Tensor;
}

/** @throws ImleError `dtype`, `shape` or `limit`, as {@link kSubsets} */
export function drawSubsets(
  k: number,
  theta: Tensor,
  { samples, output, place }: { samples: number; output: "mean" | "samples"; place: RandomPlace },
): DrawnSubsets {
  requireRows("sample", k, theta);
  const found = chancesOf(k, theta);
  const states =
    output === "samples"
      ? drawOf(k, found, { first: 0, count: samples, of: samples }, place)
      : meanOfDraws(k, found, samples, place);
  return { states, kept: [found.chances], covariance: (v) => covarianceOf(k, found, v) };
}

/** What the kernels leave for a row. */
interface Chances {
  readonly theta: Tensor;
  /** What chances.wgsl says; of the whole row. */
  readonly work: Tensor;
  /** f32 [n, k / 4, rows, 4] */
  readonly chances: Tensor;
}

function requireRows(method: string, k: number, theta: Tensor): void {
  const operation = `kSubsets.${method}`;
  requireTensor(operation, "the weights", theta, ["f32"]);
  const n = theta.shape.at(-1) ?? 0;
  must(
    theta.shape.length > 0 && k <= n,
    "shape",
    () => `${operation}: the last axis must have at least k = ${k} weights, got ${formatShape(theta.shape)}`,
    "Draw fewer, or pass longer rows.",
  );
  must(
    n <= mostItems,
    "limit",
    () => `${operation}: rows must have at most ${mostItems} weights, got ${n}`,
    "Draw from parts of them, or use perturbAndMap(topK(k), …).",
  );
}

/** Dispatches for the items in order, or from the last, as many at a time as a lane may step through. */
function dispatchItems(
  theta: Tensor,
  k: number,
  order: "up" | "down",
  work: Pick<Dispatch, "kernel" | "buffers">,
): void {
  const n = theta.shape.at(-1)!;
  const rows = rowsOf(theta);
  const blocks = blocksOf(k);
  const most = inRegisters(blocks) ? n : Math.max(1, Math.floor(mostSteps / (blocks + 1)));
  const firsts = Array.from({ length: Math.ceil(n / most) }, (_, i) => i * most);
  for (const first of order === "up" ? firsts : firsts.reverse()) {
    const uniforms = { count: rows, n, k, first, items: Math.min(most, n - first) };
    theta.engine.dispatch({ ...work, uniforms, workgroups: Math.ceil(rows / lanesOf(theta.engine)) });
  }
}

const rowsOf = (theta: Tensor): number => theta.size / Math.max(theta.shape.at(-1)!, 1);
/** Chances of an item lie in blocks of four. */
const blocksOf = (k: number): number => Math.ceil(k / 4);
/** Blocks of `work`: values, changes where there are tangents, and one more. */
const workBlocksOf = (k: number, tangent: boolean): number => (tangent ? 2 : 1) * blocksOf(k) + 1;

function chancesOf(k: number, theta: Tensor): Chances {
  const { engine } = theta;
  const operation = "kSubsets";
  const rows = rowsOf(theta);
  const work = engine.output(operation, [workBlocksOf(k, false), rows, 4]);
  const chances = engine.output(operation, [theta.shape.at(-1)!, blocksOf(k), rows, 4]);
  if (chances.size === 0) return { theta, work, chances };
  const buffers = {
    theta: theta.slice(operation),
    chosen: largestOf(k, theta).slice(operation),
    work: work.slice(operation),
    chances: chances.slice(operation),
  };
  dispatchItems(theta, k, "up", { kernel: chancesKernel(engine, k), buffers });
  return { theta, work, chances };
}

/** The changes of the chances with θ along v, of their shape. */
function changesOf(k: number, { theta, chances }: Chances, v: Tensor): Tensor {
  const { engine } = theta;
  const operation = "kSubsets";
  const changes = engine.output(operation, chances.shape);
  const buffers = {
    chances: chances.slice(operation),
    dtheta: v.slice(operation),
    work: engine.output(operation, [workBlocksOf(k, false), rowsOf(theta), 4]).slice(operation),
    dchances: changes.slice(operation),
  };
  dispatchItems(theta, k, "up", { kernel: changesKernel(engine, k), buffers });
  return changes;
}

/** Cov(z)·v */
const covarianceOf = (k: number, found: Chances, v: Tensor): Tensor =>
  found.theta.engine.scope(() => marginalsOf(k, found, found.chances.size > 0 ? changesOf(k, found, v) : undefined));

/** Marks the k largest weights of each row, or more where others equal the least of them. */
function largestOf(k: number, theta: Tensor): Tensor {
  // Beyond these sizes topK has no kernel.
  if (k <= 32 || theta.shape.at(-1)! <= 8192) return solve(topK(k), theta);
  return greaterEqual(theta, slice(topKValues(theta, k).values, [null, { start: k - 1, end: k }]));
}

/** Marginals, or with changes of the chances their own. */
function marginalsOf(k: number, { theta, chances }: Chances, changes?: Tensor): Tensor {
  const { engine, shape } = theta;
  const operation = "kSubsets";
  if (chances.size === 0) return engine.zeros(shape);
  const y = engine.output(operation, shape);
  const tangent = changes !== undefined;
  const buffers = {
    chances: chances.slice(operation),
    work: engine.output(operation, [workBlocksOf(k, tangent), rowsOf(theta), 4]).slice(operation),
    y: y.slice(operation),
    ...(changes && { dchances: changes.slice(operation) }),
  };
  dispatchItems(theta, k, "down", { kernel: marginalsKernel(engine, k, tangent), buffers });
  return y;
}

/** States of a part of the samples of `place`, f32 [...batch, count, n]. */
function drawOf(k: number, { theta, chances }: Chances, { first, count }: SamplePart, place: RandomPlace): Tensor {
  const { engine, shape } = theta;
  const n = shape.at(-1)!;
  const sampled = [...shape.slice(0, -1), count, n];
  if (chances.size === 0) return engine.zeros(sampled);
  const rows = rowsOf(theta);
  const states = engine.output("kSubsets", sampled);
  const random_place = [place.seed, place.stream, place.call, 0] as const;
  const jobs = rows * count;
  engine.dispatch({
    kernel: sampleKernel(engine),
    buffers: { chances: chances.slice("kSubsets"), states: states.slice("kSubsets") },
    uniforms: { random_place, count: jobs, rows, samples: count, first_sample: first, n, k },
    workgroups: Math.ceil(jobs / lanesOf(engine)),
  });
  return states;
}

/** The mean of the samples of a place, of which a part is kept at a time. */
function meanOfDraws(k: number, chances: Chances, samples: number, place: RandomPlace): Tensor {
  const { theta } = chances;
  const parts = sampleParts(samples, theta.size);
  if (samples === 1) return drawOf(k, chances, parts[0]!, place).reshape(theta.shape);
  const [sum] = sumOfParts(theta.engine, parts, (part): [Tensor] => [drawOf(k, chances, part, place).sum(-2)]);
  return sum.div(samples);
}

/** ln e(n, k): the sum of the logarithms of the ratios, k times the weight that others are relative to, and what was cut. */
function logPartitionOf(k: number, theta: Tensor): Tensor {
  const batchShape = theta.shape.slice(0, -1);
  if (k === 0 || theta.size === 0) return theta.engine.zeros(batchShape);
  const { work } = chancesOf(k, theta);
  const blocks = blocksOf(k);
  const rows = rowsOf(theta);
  const ratios = slice(work, [{ end: blocks }]).transpose([1, 0, 2]).reshape([rows, 4 * blocks]);
  const last = slice(work, [blocks]);
  const logs = slice(ratios, [null, { end: k }]).log().sum(-1);
  return logs.add(slice(last, [null, 0]).mul(k)).add(slice(last, [null, 1])).reshape(batchShape);
}

const chancesKernel = (engine: Engine, k: number): Kernel =>
  engine.kernel(`kSubsets chances:${blocksOf(k)}:${lanesOf(engine)}`, () => [
    ...rowPieces(engine, k, false, "up"),
    { name: "imle/distributions/k-subsets/chances.wgsl", text: chancesText },
  ]);

const changesKernel = (engine: Engine, k: number): Kernel =>
  engine.kernel(`kSubsets changes:${blocksOf(k)}:${lanesOf(engine)}`, () => [
    ...rowPieces(engine, k, false, "up"),
    { name: "imle/distributions/k-subsets/changes.wgsl", text: changesText },
  ]);

const marginalsKernel = (engine: Engine, k: number, tangent: boolean): Kernel =>
  engine.kernel(`kSubsets marginals:${blocksOf(k)}:${tangent}:${lanesOf(engine)}`, () => [
    ...rowPieces(engine, k, tangent, "down"),
    {
      name: "changes",
      text: [
        ...(tangent ? ["@group(0) @binding(4) var<storage, read> dchances: array<vec4f>;"] : []),
        `fn change_of(i: u32) -> vec4f { return ${tangent ? "dchances[i]" : "vec4f()"}; }`,
      ].join("\n"),
    },
    { name: "imle/distributions/k-subsets/marginals.wgsl", text: marginalsText },
  ]);

/** What all of them have in common. */
function rowPieces(engine: Engine, k: number, tangent: boolean, order: "up" | "down"): Piece[] {
  const blocks = blocksOf(k);
  const sizes = { BLOCKS: blocks, WORK: workBlocksOf(k, tangent) - 1 };
  return [
    constants({ TANGENT: tangent ? 1 : 0, LANES: lanesOf(engine), ...sizes }),
    { name: "imle/distributions/k-subsets/rows.wgsl", text: rowsText },
    { name: "k-subsets/blocks", text: blocksText(blocks, order) },
  ];
}

const sampleKernel = (engine: Engine): Kernel =>
  engine.kernel(`kSubsets sample:${lanesOf(engine)}`, () => [
    constants({ LANES: lanesOf(engine) }),
    { name: "imle/distributions/k-subsets/sample.wgsl", text: sampleText },
  ]);
