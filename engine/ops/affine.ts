import type { Slice } from "../commands.js";
import type { Piece } from "../compose.js";
import type { Tensor } from "../tensor.js";

/** A weight or a bias that a kernel reads, or does without. */
export interface Factor {
  readonly name: "weight" | "bias";
  readonly tensor: Tensor | undefined;
  /** Its binding, where there is one. */
  readonly binding: number;
}

const otherwise = { weight: 1, bias: 0 } as const;

/** Pieces with the functions `weight_at(i)` and `bias_at(i)`, of a WGSL type: what is there, or 1 and 0. */
export function factorPieces(factors: readonly Factor[], type: "T" | "W"): Piece[] {
  return factors.map(({ name, tensor, binding }) => ({
    name,
    text: tensor
      ? `@group(0) @binding(${binding}) var<storage, read> ${name}: array<${type}>;\n` +
        `fn ${name}_at(i: u32) -> ${type} { return ${name}[i]; }`
      : `fn ${name}_at(i: u32) -> ${type} { return ${type}(${otherwise[name]}); }`,
  }));
}

/** The buffers of those that are there. */
export function factorBuffers(label: string, factors: readonly Factor[]): Record<string, Slice> {
  return Object.fromEntries(factors.flatMap(({ name, tensor }) => (tensor ? [[name, tensor.slice(label)]] : [])));
}

/** Which are there, for a kernel's name. */
export function factorVariant(factors: readonly Factor[]): string {
  return factors.flatMap(({ name, tensor }) => (tensor ? [name] : [])).join("+");
}
