import type { Piece } from "../engine/compose.js";
import { formatShape, formatValue, must } from "../engine/error.js";
import type { Kernel } from "../engine/kernel.js";
import { requireOptions } from "../engine/ops/arguments.js";
import type { RandomPlace } from "../engine/random.js";
import type { Tensor } from "../engine/tensor.js";
import { runSolver, solverKernels } from "../solvers/run.js";
import { type Solver, type SolverInputs, splitBatch, type Strategy } from "../solvers/solver.js";
import type { Table, WeightSource } from "../solvers/weights.js";
import { meanOfCounts } from "./mean.js";
import { noiseKey, noisePiece, noiseTable } from "./noise/draw.js";
import type { Noise } from "./noise/noise.js";
import { noNoise } from "./noise/none/none.js";
import type { Target } from "./target/target.js";
import perturbed from "./perturbed-weights.wgsl";

/** How {@link perturbAndMap} perturbs, and what it returns. */
export interface PerturbOptions {
  /** Per-instance inputs of the solver, by name. */
  readonly inputs?: SolverInputs;
  /** By default none. */
  readonly noise?: Noise;
  /** Samples S an instance. By default 1. */
  readonly samples?: number;
  /** Temperature τ ≥ 0: weight = θ + τ·ε (a solver that minimises: c − τ·ε). By default 1. */
  readonly temperature?: number;
  /**
   * Where the noise is drawn: the same place gives the same ε again. By default the next call of the engine's own
   * stream; a layer has a stream of its own (`engine.random.claimStream`, `engine.random.next`).
   */
  readonly place?: RandomPlace;
  /** Replaces θ by a target's θ′, made of θ and ∂L/∂z. */
  readonly target?: {
    readonly target: Target;
    /** ∂L/∂z: f32 of the weights' shape, or with the axis S before the instance's axes. */
    readonly gradient: Tensor;
  };
  /**
   * `mean`: f32 [...batch, ...instance], the mean over samples. `samples`: f32 [...batch, S, ...instance].
   * `counts`: i32 [...batch, ...instance], the sum over samples. By default `mean`.
   */
  readonly output?: "mean" | "samples" | "counts";
  /** Forces one of the solver's strategies. */
  readonly strategy?: Strategy;
}

/**
 * Perturb-and-MAP: solves every instance under S draws of noise, in one dispatch for a solver of one pass (and one
 * more that takes the mean of S > 1). Noise is a pure function of `place`, made where it is used: it is never stored.
 * Carries no gradient by itself: `imle` and other estimators are written with it and `customGradient`.
 *
 * Source: Papandreou, Yuille 2011; Niepert, Minervini, Franceschi 2021, Eq. 5 and 9.
 *
 * @param weights f32 [...batch, ...instance]
 * @throws ImleError where options, shapes or inputs do not fit
 */
export function perturbAndMap(solver: Solver, weights: Tensor, options: PerturbOptions = {}): Tensor {
  const operation = "perturbAndMap";
  requireOptions(operation, options, optionNames);
  const { inputs, samples = 1, output = "mean", strategy } = options;
  must(
    output === "mean" || output === "samples" || output === "counts",
    "value",
    () => `${operation}: output must be mean, samples or counts, got ${formatValue(output)}`,
    "Leave it out for the mean.",
  );
  const { engine } = weights;
  const source = perturbedWeights(operation, solver, weights, options);
  const run = { operation, samples, source, ...(inputs && { inputs }), ...(strategy && { strategy }) };
  if (output === "counts" || (output === "mean" && samples > 1)) {
    const counts = runSolver(solver, weights, { ...run, output: "counts" });
    if (output === "counts") return counts;
    return engine.scope(() => meanOfCounts(counts, samples));
  }
  const states = runSolver(solver, weights, { ...run, output: "states" });
  if (output === "mean" || samples > 1) return states;
  const { batchShape } = splitBatch(operation, solver, weights.shape);
  const sampled = [...batchShape, 1, ...states.shape.slice(batchShape.length)];
  const reshaped = states.alias(sampled);
  states.dispose();
  return reshaped;
}

const optionNames: readonly (keyof PerturbOptions)[] = [
  "inputs",
  "noise",
  "samples",
  "temperature",
  "place",
  "target",
  "output",
  "strategy",
];

/** The kernels that {@link perturbAndMap} would use, for `engine.prepare`. */
export function perturbKernels(solver: Solver, weights: Tensor, options: PerturbOptions): Kernel[] {
  const { samples = 1, output = "mean", strategy } = options;
  const counts = output === "counts" || (output === "mean" && samples > 1);
  const place = { seed: 0, stream: 0, call: 0 }; // so that no call of a stream is used up
  const source = perturbedWeights("prepare", solver, weights, { ...options, place });
  const call = { samples, source, output: counts ? "counts" : "states", ...(strategy && { strategy }) } as const;
  return solverKernels(weights.engine, solver, weights.shape, call);
}

/** Weights under noise, and under a target where there is one. */
export function perturbedWeights(
  operation: string,
  solver: Solver,
  weights: Tensor,
  options: PerturbOptions,
): WeightSource {
  const { noise = noNoise(), samples = 1, temperature = 1, target: aim } = options;
  const { engine } = weights;
  must(
    typeof noise.wgsl === "string",
    "value",
    () => `${operation}: noise must be a noise, got ${formatValue(noise)}`,
    "Pass gumbel(), and call it.",
  );
  must(
    Number.isFinite(temperature) && temperature >= 0,
    "value",
    () => `${operation}: temperature must be a number from 0, got ${formatValue(temperature)}`,
    "0 switches the noise off.",
  );
  const { batchShape, instanceShape } = splitBatch(operation, solver, weights.shape);
  const sampledShape = [...batchShape, samples, ...instanceShape];
  const pieces: Piece[] = [];
  const rows: Record<string, Tensor> = {};
  const tables: Record<string, Table> = {};
  const place = options.place ?? (noise.wgsl !== "" ? engine.random.next(0) : { seed: 0, stream: 0, call: 0 });
  const descends = solver.sense === "max" ? 1 : -1;
  const uniforms: Record<string, WeightSource["uniforms"][string]> = {
    random_place: { type: "vec4u", value: [place.seed, place.stream, place.call, 0] },
    noise_scale: { type: "f32", value: descends * temperature },
    gradient_sign: { type: "f32", value: descends },
  };

  if (noise.given) {
    const { given } = noise;
    must(
      formatShape(given.shape) === formatShape(sampledShape) && given.dtype === "f32",
      "shape",
      () =>
        `${operation}: given noise must be f32 [...batch, S, ...instance] = ${formatShape(sampledShape)}, got ${given.dtype} ${formatShape(given.shape)}`,
      "Give one number for each weight and sample.",
    );
    rows["given_noise"] = given;
  }
  const table = noiseTable(engine, noise);
  if (table) tables["noise_values"] = table;
  pieces.push(noisePiece(noise));

  let perSample = false;
  if (aim) {
    const { target, gradient } = aim;
    const other = target.tensor ?? gradient;
    const got = formatShape(other.shape);
    perSample = !target.tensor && got === formatShape(sampledShape) && got !== formatShape(weights.shape);
    must(
      (perSample || got === formatShape(weights.shape)) && other.dtype === "f32",
      "shape",
      () =>
        `${operation}: the ${target.name} target must be given f32 of the weights' shape ${formatShape(weights.shape)}, got ${other.dtype} ${got}`,
      "Pass one number a weight.",
    );
    rows["target_values"] = other;
    for (const [name, value] of Object.entries(target.parameters)) uniforms[`target_${name}`] = { type: "f32", value };
    pieces.push({ name: `target ${target.name}`, text: target.wgsl });
  }
  pieces.push({ name: "imle/weights", text: sourceText(noise, aim !== undefined, perSample) });
  pieces.push({ name: "imle/perturbed-weights.wgsl", text: perturbed });
  const key = ["perturbed", noiseKey(noise), table?.asUniform, aim?.target.name, perSample].join(":");
  return { key, pieces, rows, tables, uniforms };
}

/** The three questions that perturbed-weights.wgsl asks. */
function sourceText(noise: Noise, aimed: boolean, perSample: boolean): string {
  const sample = "at_instance * uniforms.samples + at_sample";
  const draws = noise.wgsl !== "";
  const draw = noise.given
    ? `load4_given_noise(${sample}, q)`
    : draws
      ? "noise4(vec4u(q, at_sample, at_instance, uniforms.random_place.z), uniforms.random_place.xy)"
      : "vec4f()";
  const values = `load4_target_values(${perSample ? sample : "at_instance"}, q)`;
  return [
    `const PERTURBED = ${draws || noise.given !== undefined};`,
    `fn draw4(q: u32) -> vec4f { return ${draw}; }`,
    `fn base4(q: u32) -> vec4f { return ${aimed ? `target4(theta4(q), ${values})` : "theta4(q)"}; }`,
  ].join("\n");
}
