import type { Emission } from "./emit.js";
import type { WeightSource } from "./weights.js";

/** What is kept in registers must not crowd out the solver's own. */
const mostBlocks = 16;

/**
 * WGSL of `kept4(q)`, the part of a weight that all samples share, and of `keep_weights()`, which one invocation that
 * solves all samples of a short row calls before: it then reads that part once, and not for every sample. Registers of
 * their own, chosen by comparisons that fold away where a solver reads blocks by literal numbers.
 */
export function keptText(source: WeightSource, emission: Emission, size: number): string {
  const blocks = Array.from({ length: Math.ceil(size / 4) }, (_, q) => q);
  const keeps = source.base === "steady" && emission.registers > 0 && blocks.length <= mostBlocks;
  if (!keeps) {
    const kept = source.base === "none" ? [] : ["fn kept4(q: u32) -> vec4f { return base4(q); }"];
    return [...kept, "fn keep_weights() {}"].join("\n");
  }
  return [
    ...blocks.map((q) => `var<private> kept_${q}: vec4f;`),
    "fn keep_weights() {",
    ...blocks.map((q) => `  kept_${q} = base4(${q}u);`),
    "}",
    "fn kept4(q: u32) -> vec4f {",
    "  var kept = kept_0;",
    ...blocks.slice(1).map((q) => `  kept = select(kept, kept_${q}, q == ${q}u);`),
    "  return kept;",
    "}",
  ].join("\n");
}
