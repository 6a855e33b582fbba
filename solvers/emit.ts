/**
 * What `emit` does: `state` writes f32 states of each sample, `single` i32 states of the only sample, `count` adds
 * i32 states over the samples, and `group` over groups of consecutive ones. `final` writes what becomes of the only
 * sample, and `sum` adds states for the same invocation to finish (see means.ts).
 */
export type EmitMode = "state" | "single" | "count" | "group" | "final" | "sum";

/** Numbers that are read or written at once. */
export type Width = 1 | 2 | 4;

/** The widest of which rows of `size` are made. */
export const widthOf = (size: number): Width => (size % 4 === 0 ? 4 : size % 2 === 0 ? 2 : 1);

/** Their type in WGSL. */
export const vectorOf = (width: Width): string => (width === 1 ? "f32" : `vec${width}f`);

/** How states leave a solver. */
export interface Emission {
  readonly mode: EmitMode;
  /** For `final` and `sum`: what the mean is taken from. */
  readonly base: "none" | "means" | "samples";
  /** How many states are written at once, as a vector: 4 or 2 where rows are whole ones, else 1. */
  readonly width: Width;
  /** Whether a solve begins with zeros everywhere, so that the output need not be cleared before. */
  readonly zeros: boolean;
  /** For `sum`: blocks of four that are summed in registers, and not in memory; 0 for memory. */
  readonly registers: number;
}

/** Sums in registers must not crowd out the solver's own. */
const mostRegisters = 16;

/** The emission of a text: blocks pay where it emits in blocks, and for zeros. */
export function emissionOf(
  text: string,
  stateSize: number,
  { mode, base, aligned, zeros }: Pick<Emission, "mode" | "base" | "zeros"> & { readonly aligned: boolean },
): Emission {
  const inBlocks = /\bemit4\(/.test(text);
  const blocks = Math.ceil(stateSize / 4);
  const registers = inBlocks && mode === "sum" && blocks <= mostRegisters ? blocks : 0;
  const inVectors = (inBlocks || zeros) && aligned && (mode === "state" || mode === "final" || mode === "sum");
  const width = inVectors ? widthOf(stateSize) : 1;
  return { mode, base, width: registers > 0 && width === 2 ? 1 : width, zeros, registers };
}

/** Whether a mode leaves means, and not states or counts. */
export const finishes = (mode: EmitMode): boolean => mode === "final" || mode === "sum";

const outputTypes: Readonly<Record<EmitMode, string>> = {
  ...{ state: "f32", single: "i32", count: "atomic<i32>", group: "atomic<i32>", final: "f32", sum: "f32" },
};

/** Fields of the uniforms that a mode needs. */
export function emissionFields(mode: EmitMode): string[] {
  if (mode === "group") return ["groups: u32", "group_samples: u32"];
  return finishes(mode) ? ["base_samples: u32", "draws: f32", "finish_scale: f32"] : [];
}

/** The WGSL of an emission, whose bindings begin at `binding`. */
export function emissionText(
  emission: Emission,
  binding: number,
): { readonly text: string; readonly bindings: number } {
  const { mode, base, width } = emission;
  const type = width > 1 ? vectorOf(width) : outputTypes[mode];
  const lines = [`@group(0) @binding(${binding}) var<storage, read_write> output: array<${type}>;`];
  const hasBase = finishes(mode) && base !== "none";
  if (hasBase) lines.push(`@group(0) @binding(${binding + 1}) var<storage, read> base: array<${vectorOf(width)}>;`);
  if (finishes(mode)) lines.push(finishedText(base, width));
  lines.push(width > 1 ? wideText(emission) : narrowText(emission), zerosText(emission));
  return { text: lines.join("\n"), bindings: hasBase ? 2 : 1 };
}

/** What becomes of a sum of states at a place of the result, by vectors of a width. */
function finishedText(base: Emission["base"], width: Width): string {
  const type = vectorOf(width);
  const size = vectorsOfRow(width);
  if (base === "none") return `fn finished(at: u32, sum: ${type}) -> ${type} { return sum / uniforms.draws; }`;
  const mean = {
    means: `fn base_mean(at: u32) -> ${type} { return base[at]; }`,
    samples: `fn base_mean(at: u32) -> ${type} {
  let first = (at / ${size}) * uniforms.base_samples * ${size} + at % ${size};
  var sum = ${type}();
  for (var s = 0u; s < uniforms.base_samples; s++) { sum += base[first + s * ${size}]; }
  return sum / f32(uniforms.base_samples);
}`,
  }[base];
  return `${mean}
fn finished(at: u32, sum: ${type}) -> ${type} {
  return uniforms.finish_scale * (base_mean(at) - sum / uniforms.draws);
}`;
}

/** How many vectors the states of a row are. */
const vectorsOfRow = (width: Width): string => `(uniforms.state_size / ${width}u)`;

/** Which row of the output an invocation writes. */
const rowOf = (mode: EmitMode): string =>
  mode === "state" ? "(at_instance * uniforms.samples + at_sample)" : "at_instance";

/** What is emitted beyond the state is dropped: it would be another instance's. */
const inside = "if (i < uniforms.state_size)";

const emitText: Readonly<Record<EmitMode, string>> = {
  state: `${inside} { output[(at_instance * uniforms.samples + at_sample) * uniforms.state_size + i] = f32(value); }`,
  single: `${inside} { output[at_instance * uniforms.state_size + i] = value; }`,
  final: `let at = at_instance * uniforms.state_size + i;
  ${inside} { output[at] = finished(at, f32(value)); }`,
  sum: `${inside} { output[at_instance * uniforms.state_size + i] += f32(value); }`,
  count: `if (value != 0 && i < uniforms.state_size) {
    atomicAdd(&output[at_instance * uniforms.state_size + i], value);
  }`,
  group: `if (value != 0 && i < uniforms.state_size) {
    let group = at_instance * uniforms.groups + at_sample / uniforms.group_samples;
    atomicAdd(&output[group * uniforms.state_size + i], value);
  }`,
};

/** A block as four states. */
const emit4ByOnes = `fn emit4(q: u32, values: vec4i) {
  emit(4u * q, values.x);
  emit(4u * q + 1u, values.y);
  emit(4u * q + 2u, values.z);
  emit(4u * q + 3u, values.w);
}`;

function narrowText(emission: Emission): string {
  const { mode, registers } = emission;
  if (registers > 0) {
    const finish = `for (var j = 0u; j < 4u; j++) {
    let at = instance * uniforms.state_size + 4u * q + j;
    if (4u * q + j < uniforms.state_size) { output[at] = finished(at, sum[j]); }
  }`;
    return registersText(registers, finish);
  }
  const own = `fn emit(i: u32, value: i32) {\n  ${emitText[mode]}\n}\n${emit4ByOnes}`;
  if (mode !== "sum") return own;
  return `${own}
fn begin_states(instance: u32) {
  for (var i = 0u; i < uniforms.state_size; i++) { output[instance * uniforms.state_size + i] = 0.0; }
}
fn finish_states(instance: u32) {
  for (var i = 0u; i < uniforms.state_size; i++) {
    let at = instance * uniforms.state_size + i;
    output[at] = finished(at, output[at]);
  }
}`;
}

function wideText({ mode, width, registers }: Emission): string {
  if (registers > 0) {
    const finish = "let at = instance * (uniforms.state_size / 4u) + q;\n  output[at] = finished(at, sum);";
    return registersText(registers, finish);
  }
  const vector = vectorOf(width);
  const vectors = vectorsOfRow(width);
  const first = `${rowOf(mode)} * ${vectors}`;
  const write = {
    state: "output[at] = value;",
    final: "output[at] = finished(at, value);",
    sum: "output[at] += value;",
  }[mode as "state" | "final" | "sum"];
  const part = `i % ${width}u`;
  const one = {
    state: `output[at][${part}] = f32(value);`,
    final: `output[at][${part}] = finished(at, ${vector}(f32(value)))[${part}];`,
    sum: `output[at][${part}] += f32(value);`,
  }[mode as "state" | "final" | "sum"];
  const parts = width === 4 ? ["values"] : ["values.xy", "values.zw"];
  const own = `fn emit_vector(v: u32, value: ${vector}) {
  let at = ${first} + v;
  if (v < ${vectors}) { ${write} }
}
fn emit4(q: u32, values: vec4i) {
${parts.map((values, j) => `  emit_vector(${parts.length}u * q + ${j}u, ${vector}(${values}));`).join("\n")}
}
fn emit(i: u32, value: i32) {
  let at = ${first} + i / ${width}u;
  ${inside} { ${one} }
}`;
  if (mode !== "sum") return own;
  return `${own}
fn begin_states(instance: u32) {
  for (var v = 0u; v < ${vectors}; v++) { output[instance * ${vectors} + v] = ${vector}(); }
}
fn finish_states(instance: u32) {
  for (var v = 0u; v < ${vectors}; v++) {
    let at = instance * ${vectors} + v;
    output[at] = finished(at, output[at]);
  }
}`;
}

/** The states of a solve before anything is emitted. */
function zerosText({ mode, zeros, width }: Emission): string {
  if (!zeros) return "fn zero_states() {}";
  const zero = `${width > 1 ? vectorOf(width) : outputTypes[mode]}()`;
  const write = (at: string): string => `output[${at}] = ${mode === "final" ? `finished(${at}, ${zero})` : zero};`;
  return `fn zero_states() {
  let end = (${rowOf(mode)} + 1u) * ${vectorsOfRow(width)} + unknown_zero();
  var at = ${rowOf(mode)} * ${vectorsOfRow(width)};
  for (; at + 4u <= end; at += 4u) { ${["at", "at + 1u", "at + 2u", "at + 3u"].map(write).join(" ")} }
  for (; at < end; at++) { ${write("at")} }
}`;
}

/**
 * Sums in registers of their own, as arrays that are indexed dynamically are slow. Where a block's number is a literal,
 * all additions but its own fold away.
 */
function registersText(registers: number, finish: string): string {
  const blocks = Array.from({ length: registers }, (_, q) => q);
  return [
    ...blocks.map((q) => `var<private> state_sum_${q}: vec4f;`),
    "fn emit4(q: u32, values: vec4i) {",
    ...blocks.map((q) => `  state_sum_${q} += select(vec4f(), vec4f(values), q == ${q}u);`),
    "}",
    "fn emit(i: u32, value: i32) {",
    "  emit4(i >> 2u, select(vec4i(), vec4i(value), vec4u(i & 3u) == vec4u(0u, 1u, 2u, 3u)));",
    "}",
    "fn begin_states(instance: u32) {",
    ...blocks.map((q) => `  state_sum_${q} = vec4f();`),
    "}",
    "fn finish_block(instance: u32, q: u32, sum: vec4f) {",
    `  ${finish}`,
    "}",
    "fn finish_states(instance: u32) {",
    ...blocks.map((q) => `  finish_block(instance, ${q}u, state_sum_${q});`),
    "}",
  ].join("\n");
}
