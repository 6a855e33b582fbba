import { constants, type Piece } from "../engine/compose.js";
import laneSamples from "./contract/lane-samples.wgsl";
import lane from "./contract/lane.wgsl";
import place from "./contract/place.wgsl";
import theta from "./contract/theta.wgsl";
import weightCached from "./contract/weight-cached.wgsl";
import weight from "./contract/weight.wgsl";
import workgroup from "./contract/workgroup.wgsl";
import type { DType } from "../engine/tensor.js";
import { type Emission, emissionFields, emissionText, vectorOf, type Width } from "./emit.js";
import { type Pass, product, type Solver, type Strategy } from "./solver.js";
import { heldText } from "./held-weights.js";
import { declareTable, type WeightSource } from "./weights.js";

/** Everything that the text of a composed solver depends on. */
export interface Composition {
  readonly solver: Solver;
  readonly strategy: Strategy;
  /** The pass, or null for the library's own pass that fills the cache of weights. */
  readonly pass: Pass | null;
  /** Which of several passes it is, from 1. */
  readonly number: number | null;
  /** Whether the weights are drawn in this pass, before `solve`. */
  readonly fills: boolean;
  /** Whether a solve begins with zeros in its states and further outputs. */
  readonly zeros: boolean;
  readonly instanceShape: readonly number[];
  readonly source: WeightSource;
  readonly emission: Emission;
  /** Names of the further outputs that are wanted. */
  readonly outputs: readonly string[];
  /** Invocations of a workgroup of the lane strategy. */
  readonly lanes: number;
  /** Whether slots of neighbouring invocations lie word by word next to each other. */
  readonly interleaved: boolean;
  /** How many weights are read at once, as a vector. */
  readonly width: Width;
  /** Whether `trace` keeps what it is given. */
  readonly traced: boolean;
}

/** "Infinity" of the weights; a real infinity has no place in WGSL. */
const neutral = { max: "-3e38", min: "3e38" } as const;

/**
 * The whole WGSL of a pass: the library's bindings and functions around the author's `solve`.
 * Bindings: uniforms; θ, rows and tables of the weight source; output; the author's inputs, workspace and status.
 */
export function composeSolver(composition: Composition): Piece[] {
  const { solver, strategy, pass, source } = composition;
  const text = pass === null ? emptySolve : textOf(pass, composition.instanceShape);
  const pieces: Piece[] = [
    constants(
      strategy === "workgroup"
        ? { WORKGROUP_SIZE: workgroupSizeOf(pass, composition.instanceShape) }
        : { LANES: composition.lanes },
    ),
    { name: "solvers/bindings", text: declarations(composition) },
    { name: "solvers/contract/place.wgsl", text: place },
    { name: "solvers/contract/theta.wgsl", text: theta },
    ...source.pieces(),
    { name: "solvers/held weights", text: heldText(source, composition.emission, product(composition.instanceShape)) },
    cachesWeights(solver, strategy)
      ? { name: "solvers/contract/weight-cached.wgsl", text: weightCached }
      : { name: "solvers/contract/weight.wgsl", text: weight },
    { name: authorName(composition), text },
    { name: "solvers/calls", text: calls(composition), hint: signatureHint },
    entryPoint(composition),
  ];
  return pieces;
}

/** What compile errors call the author's text. */
function authorName({ solver, strategy, number }: Composition): string {
  return `${solver.name} (${strategy}${number === null ? "" : `, pass ${number}`})`;
}

function entryPoint({ strategy, emission }: Composition): Piece {
  if (emission.mode === "sum") return { name: "solvers/contract/lane-samples.wgsl", text: laneSamples };
  if (strategy === "lane") return { name: "solvers/contract/lane.wgsl", text: lane };
  return { name: "solvers/contract/workgroup.wgsl", text: workgroup };
}

/** Tells compositions apart: equal for those, and only those, of one text. */
export function identityOf(composition: Composition): string {
  const { solver, strategy, pass, fills, zeros, instanceShape, source, lanes, emission } = composition;
  const held = emission.registers > 0 ? product(instanceShape) : 0;
  const sizes = [lanes, workgroupSizeOf(pass, instanceShape), held];
  const author = pass ? [textOf(pass, instanceShape), pass.parts !== undefined] : [];
  const own = [authorName(composition), fills, zeros, cachesWeights(solver, strategy), ...sizes, source.key, ...author];
  return [...own, declarations(composition)].join("|");
}

const signatureHint =
  "Define fn solve() for a lane, fn solve(lane: u32) for a workgroup, with part: u32 last where there are parts; " +
  "check that all braces close.";

const emptySolve = "fn solve() {}";

/** The author's text for a shape. */
export function textOf(pass: Pass, instanceShape: readonly number[]): string {
  return typeof pass.wgsl === "function" ? pass.wgsl(instanceShape) : pass.wgsl;
}

/** The author's size of a workgroup for a shape. */
export function workgroupSizeOf(pass: Pass | null, instanceShape: readonly number[]): number {
  const { workgroupSize = 64 } = pass ?? {};
  return typeof workgroupSize === "function" ? workgroupSize(instanceShape) : workgroupSize;
}

function declarations(composition: Composition): string {
  const { solver, source, emission, outputs } = composition;
  const fields = ["extents: vec4u", "instances: u32", "samples: u32", "size: u32", "state_size: u32"];
  fields.push("first_job: u32", "jobs: u32", "slots: u32", "parts: u32", "repetition: u32");
  fields.push("workspace: u32", "slot_words: u32", ...emissionFields(emission.mode));
  if (solver.reports) fields.push("status_word: u32");
  if (source.reports) fields.push("source_status_word: u32");
  if (composition.traced) fields.push("trace_words: u32");
  for (const [name, { type }] of Object.entries(source.uniforms)) fields.push(`${name}: ${type}`);
  for (const [name, { type }] of Object.entries(solver.parameters)) fields.push(`parameter_${name}: ${type}`);
  for (const name of Object.keys(solver.inputs)) fields.push(`input_start_${name}: u32`, `input_stride_${name}: u32`);
  for (const name of outputs) fields.push(`output_length_${name}: u32`);

  let binding = 0;
  const lines = [
    `struct Uniforms { ${fields.join(", ")} }`,
    `@group(0) @binding(${binding}) var<uniform> uniforms: Uniforms;`,
    `const NEUTRAL: f32 = ${neutral[solver.sense]};`,
  ];
  const bind = (name: string, access: "read" | "read_write", type: string): void => {
    lines.push(`@group(0) @binding(${++binding}) var<storage, ${access}> ${name}: array<${type}>;`);
  };
  for (const name of ["theta", ...Object.keys(source.rows)]) {
    bind(name, "read", vectorOf(composition.width));
    lines.push(load4(name, composition.width));
  }
  for (const [name, table] of Object.entries(source.tables)) lines.push(declareTable(++binding, name, table));
  for (const name of Object.keys(source.words)) bind(name, "read", "u32");
  const leaving = emissionText(emission, binding + 1);
  binding += leaving.bindings;
  lines.push(leaving.text);
  for (const [name, { type }] of Object.entries(solver.parameters)) {
    // It may bound a loop: see unknown_zero.
    const hidden = type === "u32" ? " + unknown_zero()" : "";
    lines.push(`fn parameter_${name}() -> ${type} { return uniforms.parameter_${name}${hidden}; }`);
  }
  if (Object.keys(solver.inputs).length > 0) bind("packed_inputs", "read", "u32");
  for (const [name, { dtype }] of Object.entries(solver.inputs)) lines.push(inputText(name, dtype));
  for (const [name, { dtype }] of Object.entries(solver.outputs)) {
    const wanted = outputs.includes(name);
    if (wanted) bind(`output_${name}`, "read_write", "u32");
    lines.push(outputText(name, dtype, wanted));
  }
  if (usesWorkspace(solver, composition.strategy, composition.instanceShape, outputs)) {
    bind("work", "read_write", solver.workspaceUnit);
    lines.push(workText(composition.interleaved, solver.workspaceUnit));
  } else {
    lines.push("fn place_work() {}");
  }
  if (solver.reports || source.reports) bind("status", "read_write", "atomic<u32>");
  if (solver.reports) lines.push(reportText("report", "status_word"));
  if (source.reports) lines.push(reportText("report_source", "source_status_word"));
  if (composition.traced) bind("traced", "read_write", "f32");
  lines.push(composition.traced ? traceText : "fn trace(i: u32, x: f32) {}");
  return lines.join("\n");
}

/** Whether the library keeps the weights of an instance for this strategy. */
export function cachesWeights({ cacheWeights }: Solver, strategy: Strategy): boolean {
  return cacheWeights === true || cacheWeights === strategy;
}

/** Whether a strategy has a workspace for such instances, its own or the cache of weights. */
export function usesWorkspace(
  solver: Solver,
  strategy: Strategy,
  instanceShape: readonly number[],
  outputs: readonly string[],
): boolean {
  return cachesWeights(solver, strategy) || solver.workspace(instanceShape, strategy, outputs) > 0;
}

function load4(name: string, width: Width): string {
  if (width === 4) return `fn load4_${name}(row: u32, q: u32) -> vec4f { return ${name}[row * (uniforms.size / 4u) + q]; }`;
  if (width === 2) {
    return `fn load4_${name}(row: u32, q: u32) -> vec4f {
  let at = row * (uniforms.size / 2u) + 2u * q;
  return vec4f(${name}[at], ${name}[min(at + 1u, (row + 1u) * (uniforms.size / 2u) - 1u)]);
}`;
  }
  return `fn load4_${name}(row: u32, q: u32) -> vec4f {
  let base = row * uniforms.size + 4u * q;
  let last = (row + 1u) * uniforms.size - 1u;
  return vec4f(${name}[base], ${name}[min(base + 1u, last)], ${name}[min(base + 2u, last)], ${name}[min(base + 3u, last)]);
}`;
}

function inputText(name: string, dtype: string): string {
  const value = `packed_inputs[uniforms.input_start_${name} + at_instance * uniforms.input_stride_${name} + i]`;
  return [
    `fn has_${name}() -> bool { return uniforms.input_start_${name} + unknown_zero() != 0xffffffffu; }`,
    `fn input_${name}(i: u32) -> ${dtype} {`,
    `  return select(${dtype}(), bitcast<${dtype}>(${value}), has_${name}());`,
    "}",
  ].join("\n");
}

/** What is not wanted is not made: the compiler drops all that only it needs. */
function outputText(name: string, dtype: DType, wanted: boolean): string {
  const length = `uniforms.output_length_${name}`;
  const store = `if (i < ${length}) { output_${name}[at_instance * ${length} + i] = bitcast<u32>(value); }`;
  return [
    `fn wants_${name}() -> bool { return ${wanted}; }`,
    `fn emit_${name}(i: u32, value: ${dtype}) { ${wanted ? store : ""} }`,
  ].join("\n");
}

/**
 * A slot's words lie next to each other where several invocations share it. Where each has one of its own, word i of the
 * slots of one workgroup lie next to each other, and its slots next to nothing else, so that a workgroup stays in few
 * pages and cache lines.
 */
function workText(interleaved: boolean, unit: Solver["workspaceUnit"]): string {
  const words = unit === "u32" ? "uniforms.slot_words" : "(uniforms.slot_words / 4u)";
  const index = interleaved ? "at_work + i * LANES" : "at_work + i";
  const first = interleaved ? `at_slot / LANES * ${words} * LANES + at_slot % LANES` : `at_slot * ${words}`;
  const place = `var<private> at_work: u32;
fn place_work() { at_work = ${first}; }
fn work_index(i: u32) -> u32 { return ${index}; }`;
  if (unit === "u32") {
    return `${place}
fn work_load(i: u32) -> u32 { return work[work_index(i)]; }
fn work_store(i: u32, x: u32) { work[work_index(i)] = x; }`;
  }
  return `${place}
fn work_load(i: u32) -> u32 { return work[work_index(i >> 2u)][i & 3u]; }
fn work_store(i: u32, x: u32) { work[work_index(i >> 2u)][i & 3u] = x; }
fn work_load4(q: u32) -> vec4u { return work[work_index(q)]; }
fn work_store4(q: u32, x: vec4u) { work[work_index(q)] = x; }`;
}

const reportText = (name: string, word: string): string => `fn ${name}(code: u32) {
  atomicMax(&status[uniforms.${word}], (code << 24u) | (0xffffffu - min(at_instance, 0xffffffu)));
}`;

const traceText = `fn trace(i: u32, x: f32) {
  if (i < uniforms.trace_words) { traced[(at_instance * uniforms.samples + at_sample) * uniforms.trace_words + i] = x; }
}`;

function calls({ solver, strategy, pass, fills, zeros, outputs }: Composition): string {
  const parameters = [...(strategy === "workgroup" && pass ? ["lane"] : []), ...(pass?.parts ? ["part"] : [])];
  const barriers = strategy === "workgroup" ? " workgroupBarrier(); storageBarrier();" : "";
  const cleared = outputs.map((name) => {
    const zero = `emit_${name}(i, ${solver.outputs[name]!.dtype}());`;
    return ` for (var i = 0u; i < uniforms.output_length_${name} + unknown_zero(); i++) { ${zero} }`;
  });
  const begin = zeros ? ` zero_states();${cleared.join("")}` : "";
  return [
    `fn before_solve(lane: u32, lanes: u32) {${begin}${fills ? ` fill_weights(lane, lanes);${barriers}` : ""} }`,
    `fn call_solve(lane: u32, part: u32) { solve(${parameters.join(", ")}); }`,
  ].join("\n");
}
