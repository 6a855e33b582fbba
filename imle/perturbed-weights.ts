import type { Piece } from "../engine/compose.js";
import { formatShape, must } from "../engine/error.js";
import { sameShape } from "../engine/shape.js";
import type { Tensor } from "../engine/tensor.js";
import { type Solver, splitBatch } from "../solvers/solver.js";
import type { SourceReport, Table, WeightSource } from "../solvers/weights.js";
import { instanceNumbers } from "./instance-numbers.js";
import { noiseKey, noisePiece, noiseTable } from "./noise/draw.js";
import type { Noise } from "./noise/noise.js";
import { noNoise } from "./noise/none/none.js";
import type { PerturbOptions } from "./perturb-options.js";
import perturbed from "./perturbed-weights.wgsl";

type Uniforms = Record<string, WeightSource["uniforms"][string]>;

/** Weights under noise, and under a target where there is one. */
export function perturbedWeights(
  operation: string,
  solver: Solver,
  weights: Tensor,
  options: PerturbOptions,
): WeightSource {
  const { noise = noNoise(), samples = 1, marginalSamples = 1, target: aim, checkFinite = false } = options;
  const { perturbation = "additive" } = options;
  const { engine } = weights;
  const batch = splitBatch(operation, solver, weights.shape);
  const { first, of } = options.sampleRange ?? { first: 0, of: samples };
  const sampledShape = (count: number): number[] => [...batch.batchShape, count, ...batch.instanceShape];
  const rows: Record<string, Tensor> = {};
  const tables: Record<string, Table> = {};
  const place = options.place ?? (noise.wgsl !== "" ? engine.random.next(0) : { seed: 0, stream: 0, call: 0 });
  const descends = solver.sense === "max" ? 1 : -1;
  const numbers = instanceNumbers(operation, engine, batch.batchShape, noise, options);
  const uniforms: Uniforms = {
    random_place: { type: "vec4u", value: [place.seed, place.stream, place.call, 0] },
    noise_scale: { type: "f32", value: descends * numbers.temperature },
    gradient_sign: { type: "f32", value: descends },
    first_sample: { type: "u32", value: first },
    all_samples: { type: "u32", value: of },
    marginal_samples: { type: "u32", value: marginalSamples },
    temperature_start: { type: "u32", value: numbers.uniforms.temperature_start },
    laws: { type: "u32", value: numbers.uniforms.laws },
  };

  if (noise.given) {
    const { given } = noise;
    const expected = formatShape(sampledShape(of * marginalSamples));
    must(
      formatShape(given.shape) === expected && given.dtype === "f32",
      "shape",
      () =>
        `${operation}: given noise must be f32 [...batch, S, ...instance] = ${expected}, got ${given.dtype} ${formatShape(given.shape)}`,
      "Give one number for each weight and draw.",
    );
    rows["given_noise"] = given;
  }
  const table = noiseTable(engine, noise);
  if (table) tables["noise_values"] = table;

  let perSample = false;
  if (aim) {
    const { target, gradient } = aim;
    const other = target.tensor ?? gradient;
    const isLike = sameShape(other.shape, weights.shape);
    perSample = !target.tensor && !isLike && sameShape(other.shape, sampledShape(of));
    must(
      (perSample || isLike) && other.dtype === "f32",
      "shape",
      () =>
        `${operation}: the ${target.name} target must be given f32 of the weights' shape ${formatShape(weights.shape)}, got ${other.dtype} ${formatShape(other.shape)}`,
      "Pass one number a weight.",
    );
    rows["target_values"] = other;
    for (const [name, value] of Object.entries(target.parameters)) uniforms[`target_${name}`] = { type: "f32", value };
    const state = target.state?.(engine);
    if (state) tables["target_state"] = { tensor: state.values, asUniform: true };
  }
  const multiplies = perturbation === "multiplicative";
  const variant = { aimed: aim !== undefined, perSample, marginal: marginalSamples > 1, checkFinite, multiplies };
  const pieces = (): Piece[] => [
    noisePiece(noise, numbers.lawText),
    ...(aim ? [{ name: `target ${aim.target.name}`, text: aim.target.wgsl }] : []),
    { name: "imle/weights", text: sourceText(noise, numbers.temperatureText("at_instance"), variant) },
    { name: "imle/perturbed-weights.wgsl", text: perturbed },
  ];
  const identity = [noiseKey(noise), table?.asUniform, numbers.key, aim?.target.name, ...Object.values(variant)];
  const reports = checkFinite ? nonFinite : undefined;
  const key = ["perturbed", ...identity].join(":");
  const base = perSample ? "changing" : "steady";
  return { key, pieces, base, rows, tables, words: numbers.words, uniforms, reports };
}

const nonFinite: Readonly<Record<number, SourceReport>> = {
  1: {
    code: "non-finite",
    must: "perturbAndMap: weights must be finite",
    fix: "Look for what made them so; they were taken as 0.",
  },
  2: {
    code: "non-finite",
    must: "perturbAndMap: ∂L/∂z (or the target's own weights) must be finite",
    fix: "Look at the loss behind the solver; such numbers were taken as 0.",
  },
};

/** The questions that perturbed-weights.wgsl asks. */
function sourceText(
  noise: Noise,
  temperature: string,
  variant: Readonly<Record<"aimed" | "perSample" | "marginal" | "checkFinite" | "multiplies", boolean>>,
): string {
  const { aimed, perSample, marginal, checkFinite, multiplies } = variant;
  const draw = marginal
    ? "uniforms.first_sample * uniforms.marginal_samples + at_sample"
    : "uniforms.first_sample + at_sample";
  const sample = marginal ? "uniforms.first_sample + at_sample / uniforms.marginal_samples" : draw;
  const draws = noise.wgsl !== "";
  const drawn = noise.given
    ? `load4_given_noise(at_instance * uniforms.all_samples * uniforms.marginal_samples + ${draw}, q)`
    : draws
      ? `noise4(vec4u(q, ${draw}, at_instance, uniforms.random_place.z), uniforms.random_place.xy)`
      : "vec4f()";
  const row = perSample ? `at_instance * uniforms.all_samples + ${sample}` : "at_instance";
  const checked = (values: string, code: number): string => (checkFinite ? `finite4(${values}, q, ${code}u)` : values);
  const theta = checked("theta4(q)", 1);
  const values = checked(`load4_target_values(${row}, q)`, 2);
  return [
    `const PERTURBED = ${draws || noise.given !== undefined};`,
    ...(checkFinite ? [finiteText] : []),
    `fn draw4(q: u32) -> vec4f { return ${drawn}; }`,
    `fn base4(q: u32) -> vec4f { return ${aimed ? `target4(${theta}, ${values})` : theta}; }`,
    `const MULTIPLIES = ${multiplies};`,
    `fn noise_factor() -> f32 { return uniforms.noise_scale * ${temperature}; }`,
  ].join("\n");
}

/** By bits, since WGSL may assume that there is no NaN. Beyond the end of a row anything may lie. */
const finiteText = `fn finite4(values: vec4f, q: u32, code: u32) -> vec4f {
  let inside = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(uniforms.size);
  let broken = (bitcast<vec4u>(values) & vec4u(0x7f800000u)) == vec4u(0x7f800000u);
  if (any(broken & inside)) { report_source(code); }
  return select(values, vec4f(), broken);
}`;
