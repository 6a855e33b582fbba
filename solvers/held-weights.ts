import type { Emission } from "./emit.js";
import type { WeightSource } from "./weights.js";

/** What is held in registers must not crowd out the solver's own. */
const mostBlocks = 16;

/**
 * WGSL of `held4(q)`, the part of a weight that all samples share, and of `hold_weights()`, which one invocation that
 * solves all samples of a short row calls before: it then reads that part once, and not for every sample. Registers of
 * their own, chosen by comparisons that fold away where a solver reads blocks by literal numbers.
 */
export function heldText(source: WeightSource, emission: Emission, size: number): string {
  const blocks = Array.from({ length: Math.ceil(size / 4) }, (_, q) => q);
  const holds = source.base === "steady" && emission.registers > 0 && blocks.length <= mostBlocks;
  if (!holds) {
    const whole = source.base === "none" ? [] : ["fn held4(q: u32) -> vec4f { return base4(q); }"];
    return [...whole, "fn hold_weights() {}"].join("\n");
  }
  return [
    ...blocks.map((q) => `var<private> held_${q}: vec4f;`),
    "fn hold_weights() {",
    ...blocks.map((q) => `  held_${q} = base4(${q}u);`),
    "}",
    "fn held4(q: u32) -> vec4f {",
    "  var held = held_0;",
    ...blocks.slice(1).map((q) => `  held = select(held, held_${q}, q == ${q}u);`),
    "  return held;",
    "}",
  ].join("\n");
}
