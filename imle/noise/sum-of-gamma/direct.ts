import type { Draw4, Draws4 } from "../noise.js";
import { philox4, uniformFrom, type Words4 } from "../philox.js";
import directText from "./direct.wgsl";

/** Ten bits of the key hold the gamma variable's index. */
export const MOST_DIRECT_ITERATIONS = 1024;
const TRIES = 32;

/** The WGSL of the direct sampler: direct.wgsl with the constants that it asks for. */
export function directWgsl(kappa: number, iterations: number): string {
  return [
    `const noise_shape = f32(${1 / kappa});`,
    `const noise_iterations = ${iterations}u;`,
    `const noise_offset = f32(${Math.log(iterations) / kappa});`,
    directText,
  ].join("\n");
}

/**
 * The twin of `noise4` of direct.wgsl: Σ_{i=1..s} G_i/i − ln(s)/κ with G_i ~ Gamma(1/κ, 1).
 * Source: arXiv 2106.01798, Eq. 13; gamma variables by Ahrens and Dieter 1974, algorithm GS.
 */
export function directDraw4(kappa: number, iterations: number): Draw4 {
  return (counter, [seed, stream]) => {
    const total: Draws4 = [0, 0, 0, 0];
    for (let i = 1; i <= iterations; i++) {
      const variables = gamma4(1 / kappa, counter, seed, (stream | ((i - 1) << 16)) >>> 0);
      for (let j = 0; j < 4; j++) total[j]! += variables[j]! / i;
    }
    return total.map((sum) => sum - Math.log(iterations) / kappa) as Draws4;
  };
}

function gamma4(shape: number, counter: Readonly<Words4>, seed: number, stream: number): Draws4 {
  const envelope = 1 + shape / Math.E;
  const drawn: (number | undefined)[] = [undefined, undefined, undefined, undefined];
  for (let i = 0; i < TRIES && drawn.includes(undefined); i++) {
    const proposals = philox4(counter, [seed, (stream | ((2 * i) << 26)) >>> 0]);
    const chances = philox4(counter, [seed, (stream | ((2 * i + 1) << 26)) >>> 0]);
    for (let j = 0; j < 4; j++) {
      if (drawn[j] !== undefined) continue;
      const uniform = uniformFrom(proposals[j]!);
      const chance = Math.log(uniformFrom(chances[j]!));
      if (envelope * uniform <= 1) {
        const value = Math.exp(Math.log(envelope * uniform) / shape);
        if (chance <= -value) drawn[j] = value;
      } else {
        const value = -Math.log((envelope * (1 - uniform)) / shape);
        if (chance <= (shape - 1) * Math.log(value)) drawn[j] = value;
      }
    }
  }
  return drawn.map((value) => value ?? 0) as Draws4;
}
