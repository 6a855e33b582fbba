import type { Noise } from "../noise.js";

/** No noise: a perturbed solver solves its weights as they are. */
export function noNoise(): Noise {
  return { name: "none", wgsl: "" };
}
