import type { Dispatch } from "../../../engine/commands.js";
import { constants, type Piece } from "../../../engine/compose.js";
import { customGradient } from "../../../engine/custom-gradient.js";
import type { Engine } from "../../../engine/engine.js";
import { formatShape, formatValue, must } from "../../../engine/error.js";
import type { Kernel } from "../../../engine/kernel.js";
import { requireTensor } from "../../../engine/ops/arguments.js";
import { slice } from "../../../engine/ops/slicing.js";
import { noGrad } from "../../../engine/tape.js";
import type { Tensor } from "../../../engine/tensor.js";
import stable from "../../../kernels/lib/stable.wgsl";
import type { SampleOptions, StateDistribution } from "../distribution.js";
import { requireSamples } from "../requirements.js";
import chancesText from "./chances.wgsl";
import marginalsText from "./marginals.wgsl";
import sampleText from "./sample.wgsl";

/** Steps of a lane in one dispatch: lavapipe ends all loops of an invocation together after 65,535. */
const mostSteps = 32_768;

/** Lanes of a workgroup: few on processors, so that few rows use all of their cores. */
const lanesOf = (engine: Engine): number => (engine.software ? 8 : 64);

/** The distribution of {@link kSubsets}. */
export interface KSubsets extends StateDistribution {
  readonly k: number;
  /** Cov(z)·v, the Jacobian of the marginals times v, f32 of θ's shape; without a gradient. */
  covariance(theta: Tensor, v: Tensor): Tensor;
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
 * @throws ImleError `value` where k is not such a number; at a call `shape` where k > n, `limit` where n > 32,768
 */
export function kSubsets(k: number): KSubsets {
  must(
    Number.isInteger(k) && k >= 0,
    "value",
    () => `kSubsets: k must be a whole number from 0, got ${formatValue(k)}`,
    "Pass how many are to be drawn.",
  );
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
      return customGradient({
        label: "kSubsets.marginals",
        inputs: [theta],
        forward: mean,
        backward: (dy) => distribution.covariance(theta, dy),
      });
    },
    sample(theta, { samples = 1, place } = {}) {
      requireRows("sample", k, theta);
      requireSamples("kSubsets.sample", samples);
      const own = place ?? theta.engine.random.next(0);
      return theta.engine.scope(() => noGrad(() => sampleOf(k, theta, samples, own)));
    },
    score: (theta, states) => states.sub(distribution.marginals(theta).reshape([...theta.shape.slice(0, -1), 1, -1])),
    covariance(theta, v) {
      requireRows("covariance", k, theta);
      requireRows("covariance", k, v);
      return theta.engine.scope(() => noGrad(() => marginalsOf(k, chancesOf(k, theta, v))));
    },
    kernels: (engine) => [
      chancesKernel(engine, false),
      chancesKernel(engine, true),
      marginalsKernel(engine, true),
      sampleKernel(engine),
    ],
  };
  return distribution;
}

/** What the kernels leave for a row: its chances, and their changes; E last in `work`. */
interface Chances {
  readonly theta: Tensor;
  readonly work: Tensor;
  /** f32 [n, k, rows] */
  readonly chances: Tensor;
  readonly changes: Tensor | undefined;
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
    n <= mostSteps,
    "limit",
    () => `${operation}: rows must have at most ${mostSteps} weights, got ${n}`,
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
  const most = Math.max(1, Math.floor(mostSteps / (k + 1)));
  const firsts = Array.from({ length: Math.ceil(n / most) }, (_, i) => i * most);
  for (const first of order === "up" ? firsts : firsts.reverse()) {
    const uniforms = { rows, n, k, first, items: Math.min(most, n - first) };
    theta.engine.dispatch({ ...work, uniforms, workgroups: Math.ceil(rows / lanesOf(theta.engine)) });
  }
}

const rowsOf = (theta: Tensor): number => theta.size / Math.max(theta.shape.at(-1)!, 1);

function chancesOf(k: number, given: Tensor, tangent?: Tensor): Chances {
  const { engine } = given;
  const operation = "kSubsets";
  const n = given.shape.at(-1)!;
  const rows = rowsOf(given);
  // Chances do not change with a number added to all weights of a row; small ones keep E's digits.
  const theta = given.size > 0 ? given.sub(given.max(-1, true)) : given;
  const work = engine.output(operation, [(tangent ? 2 : 1) * (k + 1), rows]);
  const chances = engine.output(operation, [n, k, rows]);
  const changes = tangent && engine.output(operation, [n, k, rows]);
  const buffers = {
    theta: theta.slice(operation),
    work: work.slice(operation),
    chances: chances.slice(operation),
    ...(tangent && { dtheta: tangent.slice(operation), dchances: changes!.slice(operation) }),
  };
  const kernel = chancesKernel(engine, tangent !== undefined);
  if (chances.size > 0) dispatchItems(theta, k, "up", { kernel, buffers });
  return { theta: given, work, chances, changes };
}

function marginalsOf(k: number, { theta, chances, changes }: Chances): Tensor {
  const { engine, shape } = theta;
  const operation = "kSubsets";
  if (chances.size === 0) return engine.zeros(shape);
  const y = engine.output(operation, shape);
  const buffers = {
    chances: chances.slice(operation),
    work: engine.output(operation, [(changes ? 2 : 1) * (k + 1), rowsOf(theta)]).slice(operation),
    y: y.slice(operation),
    ...(changes && { dchances: changes.slice(operation) }),
  };
  dispatchItems(theta, k, "down", { kernel: marginalsKernel(engine, changes !== undefined), buffers });
  return y;
}

function sampleOf(k: number, theta: Tensor, samples: number, place: Required<SampleOptions>["place"]): Tensor {
  const { engine, shape } = theta;
  const n = shape.at(-1)!;
  const sampled = [...shape.slice(0, -1), samples, n];
  const { chances } = chancesOf(k, theta);
  if (chances.size === 0) return engine.zeros(sampled);
  const rows = rowsOf(theta);
  const states = engine.output("kSubsets", sampled);
  engine.dispatch({
    kernel: sampleKernel(engine),
    buffers: { chances: chances.slice("kSubsets"), states: states.slice("kSubsets") },
    uniforms: { random_place: [place.seed, place.stream, place.call, 0], rows, samples, n, k },
    workgroups: Math.ceil((rows * samples) / lanesOf(engine)),
  });
  return states;
}

/** E(n, k) of the weights as given: that of the shifted ones, and k times the shift. */
function logPartitionOf(k: number, theta: Tensor): Tensor {
  const batchShape = theta.shape.slice(0, -1);
  if (k === 0 || theta.size === 0) return theta.engine.zeros(batchShape);
  const { work } = chancesOf(k, theta);
  return slice(work, [k]).reshape(batchShape).add(theta.max(-1).mul(k));
}

const chancesKernel = (engine: Engine, tangent: boolean): Kernel =>
  engine.kernel(`kSubsets chances:${tangent}:${lanesOf(engine)}`, () => [
    constants({ TANGENT: tangent ? 1 : 0, LANES: lanesOf(engine) }),
    { name: "scalars", text: "alias F = f32;" },
    { name: "kernels/lib/stable.wgsl", text: stable },
    changesPiece(tangent, "dtheta", "dchances"),
    { name: "imle/distributions/k-subsets/chances.wgsl", text: chancesText },
  ]);

const marginalsKernel = (engine: Engine, tangent: boolean): Kernel =>
  engine.kernel(`kSubsets marginals:${tangent}:${lanesOf(engine)}`, () => [
    constants({ TANGENT: tangent ? 1 : 0, LANES: lanesOf(engine) }),
    changesPiece(tangent, "dchances"),
    { name: "imle/distributions/k-subsets/marginals.wgsl", text: marginalsText },
  ]);

const sampleKernel = (engine: Engine): Kernel =>
  engine.kernel(`kSubsets sample:${lanesOf(engine)}`, () => [
    constants({ LANES: lanesOf(engine) }),
    { name: "imle/distributions/k-subsets/sample.wgsl", text: sampleText },
  ]);

/** Where changes are read, and kept; nowhere without tangents. */
function changesPiece(tangent: boolean, read: string, kept?: string): Piece {
  const lines = [
    tangent ? `@group(0) @binding(4) var<storage, read> ${read}: array<f32>;` : "",
    `fn change_of(i: u32) -> f32 { return ${tangent ? `${read}[i]` : "0.0"}; }`,
  ];
  if (kept !== undefined) {
    if (tangent) lines.push(`@group(0) @binding(5) var<storage, read_write> ${kept}: array<f32>;`);
    lines.push(`fn keep_change(i: u32, x: f32) { ${tangent ? `${kept}[i] = x;` : ""} }`);
  }
  return { name: "changes", text: lines.join("\n") };
}
