/**
 * What `emit` does: `state` writes f32 states of each sample, `single` i32 states of the only sample, `count` adds
 * i32 states over the samples, and `group` over groups of consecutive ones. `final` writes what becomes of the only
 * sample, and `sum` adds states for the same invocation to finish (see means.ts).
 */
export type EmitMode = "state" | "single" | "count" | "group" | "final" | "sum";

/** How states leave a solver. */
export interface Emission {
  readonly mode: EmitMode;
  /** For `final` and `sum`: what the mean is taken from. */
  readonly base: "none" | "means" | "samples";
  /** Whether states are whole blocks of four, written as vec4f. */
  readonly wide: boolean;
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
  const wide = (inBlocks || zeros) && aligned && stateSize % 4 === 0 && (mode === "state" || mode === "final" || mode === "sum");
  const blocks = Math.ceil(stateSize / 4);
  return { mode, base, wide, zeros, registers: inBlocks && mode === "sum" && blocks <= mostRegisters ? blocks : 0 };
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
  const { mode, base, wide } = emission;
  const type = wide ? "vec4f" : outputTypes[mode];
  const lines = [`@group(0) @binding(${binding}) var<storage, read_write> output: array<${type}>;`];
  const hasBase = finishes(mode) && base !== "none";
  const baseType = wide ? "vec4f" : "f32";
  if (hasBase) lines.push(`@group(0) @binding(${binding + 1}) var<storage, read> base: array<${baseType}>;`);
  if (finishes(mode)) lines.push(finishedText(base, wide));
  lines.push(wide ? wideText(emission) : narrowText(emission), zerosText(emission));
  return { text: lines.join("\n"), bindings: hasBase ? 2 : 1 };
}

/** What becomes of a sum of states at a place of the result, by ones or by fours. */
function finishedText(base: Emission["base"], wide: boolean): string {
  const [type, zero, size] = wide
    ? ["vec4f", "vec4f()", "(uniforms.state_size / 4u)"]
    : ["f32", "0.0", "uniforms.state_size"];
  if (base === "none") return `fn finished(at: u32, sum: ${type}) -> ${type} { return sum / uniforms.draws; }`;
  const mean = {
    means: `fn base_mean(at: u32) -> ${type} { return base[at]; }`,
    samples: `fn base_mean(at: u32) -> ${type} {
  let first = (at / ${size}) * uniforms.base_samples * ${size} + at % ${size};
  var sum = ${zero};
  for (var s = 0u; s < uniforms.base_samples; s++) { sum += base[first + s * ${size}]; }
  return sum / f32(uniforms.base_samples);
}`,
  }[base];
  return `${mean}
fn finished(at: u32, sum: ${type}) -> ${type} {
  return uniforms.finish_scale * (base_mean(at) - sum / uniforms.draws);
}`;
}

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

function wideText({ mode, registers }: Emission): string {
  if (registers > 0) {
    const finish = "let at = instance * (uniforms.state_size / 4u) + q;\n  output[at] = finished(at, sum);";
    return registersText(registers, finish);
  }
  const blocks = "uniforms.state_size / 4u";
  const row = mode === "state" ? "(at_instance * uniforms.samples + at_sample)" : "at_instance";
  const at = `${row} * (${blocks}) + q`;
  const write = {
    state: "output[at] = vec4f(values);",
    final: "output[at] = finished(at, vec4f(values));",
    sum: "output[at] += vec4f(values);",
  }[mode as "state" | "final" | "sum"];
  const one = {
    state: "output[at][i & 3u] = f32(value);",
    final: "output[at][i & 3u] = finished(at, vec4f(f32(value)))[i & 3u];",
    sum: "output[at][i & 3u] += f32(value);",
  }[mode as "state" | "final" | "sum"];
  const own = `fn emit4(q: u32, values: vec4i) {
  let at = ${at};
  if (q < ${blocks}) { ${write} }
}
fn emit(i: u32, value: i32) {
  let q = i >> 2u;
  let at = ${at};
  ${inside} { ${one} }
}`;
  if (mode !== "sum") return own;
  return `${own}
fn begin_states(instance: u32) {
  for (var q = 0u; q < ${blocks}; q++) { output[instance * (${blocks}) + q] = vec4f(); }
}
fn finish_states(instance: u32) {
  for (var q = 0u; q < ${blocks}; q++) {
    let at = instance * (${blocks}) + q;
    output[at] = finished(at, output[at]);
  }
}`;
}

/** The states of a solve before anything is emitted. */
function zerosText({ mode, zeros, wide }: Emission): string {
  if (!zeros) return "fn zero_states() {}";
  if (wide) {
    return `fn zero_states() {
  for (var q = 0u; q < uniforms.state_size / 4u + unknown_zero(); q++) { emit4(q, vec4i()); }
}`;
  }
  const row = mode === "state" ? "(at_instance * uniforms.samples + at_sample)" : "at_instance";
  const zero = (at: string): string => `output[${at}] = ${mode === "final" ? `finished(${at}, 0.0)` : `${outputTypes[mode]}()`};`;
  return `fn zero_states() {
  let end = (${row} + 1u) * uniforms.state_size + unknown_zero();
  var at = ${row} * uniforms.state_size;
  for (; at + 4u <= end; at += 4u) { ${["at", "at + 1u", "at + 2u", "at + 3u"].map(zero).join(" ")} }
  for (; at < end; at++) { ${zero("at")} }
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
