/** Laws of noise, what is known of them, and the kernel that draws from one without storing the draws. */

import { type Engine, gumbel, laplace, type Noise, normal, sumOfGamma } from "webgpu-imle";
import { expectClose, type Prepared } from "./benchmark.js";
import { ofLanes } from "./kernels.js";
import text from "./kernels/draws.wgsl";

export interface Law {
  readonly name: string;
  readonly noise: () => Noise;
  readonly mean: number;
  readonly variance: number;
}

const eulerGamma = 0.5772156649015329;
const harmonic = (terms: number, power: number): number => {
  let sum = 0;
  for (let i = terms; i >= 1; i--) sum += i ** -power;
  return sum;
};

const uniformText = `#import philox
fn noise4(counter: vec4u, key: vec2u) -> vec4f {
  let words = philox4(counter, key);
  return vec4f(uniform_from(words.x), uniform_from(words.y), uniform_from(words.z), uniform_from(words.w));
}`;

/** Bare uniform numbers: what every law is made of, and so the ceiling of them all. */
export const uniformLaw: Law = {
  name: "uniform",
  noise: () => ({ name: "bench uniform", wgsl: uniformText }),
  mean: 1 / 2,
  variance: 1 / 12,
};

/** Cumulants of Sum-of-Gamma: (H_s − ln s)/κ and Σ i⁻²/κ; at s = ∞ they are those of Gumbel noise over κ. */
function sumOfGammaLaw(kappa: number, iterations: number): Law {
  const finite = Number.isFinite(iterations);
  return {
    name: `Sum-of-Gamma κ ${kappa} s ${finite ? iterations : "∞"}`,
    noise: () => sumOfGamma({ kappa, iterations }),
    mean: (finite ? harmonic(iterations, 1) - Math.log(iterations) : eulerGamma) / kappa,
    variance: (finite ? harmonic(iterations, 2) : Math.PI ** 2 / 6) / kappa,
  };
}

export const laws: readonly Law[] = [
  { name: "normal", noise: normal, mean: 0, variance: 1 },
  { name: "Laplace", noise: laplace, mean: 0, variance: 2 },
  { name: "Gumbel", noise: gumbel, mean: eulerGamma, variance: Math.PI ** 2 / 6 },
  sumOfGammaLaw(10, 10),
  sumOfGammaLaw(10, Infinity),
];

/** Fails where the mean of independent draws is further from the law's than six standard errors. */
export function expectMean({ name, mean, variance }: Law, sum: number, draws: number): void {
  const error = 6 * Math.sqrt(variance / draws);
  expectClose(`the mean of ${draws} draws of ${name}`, sum / draws, mean, error / Math.max(1, Math.abs(mean)));
}

const uniformUsage = 0x40;
const blocks = 16;

/** Draws where they are used, as a solver does: nothing but a sum of 64 draws a lane is stored. */
export function drawInRegisters(engine: Engine, law: Law): Prepared {
  const noise = law.noise();
  const lanes = engine.software ? 1 << 15 : 1 << 20;
  const drawn = 4 * blocks * lanes;
  const table = noise.table ? engine.tensor(noise.table, { usage: uniformUsage }) : null;
  // A table is bound as solvers bind it: processors read uniforms quicker.
  const [space, length] = engine.software ? ["uniform", `, ${(noise.table?.length ?? 0) / 4}`] : ["storage, read", ""];
  const tableText =
    `@group(0) @binding(2) var<${space}> noise_values: array<vec4f${length}>;\n` +
    "fn noise_table(block: u32, part: u32) -> f32 { return noise_values[block][part]; }\n" +
    "fn noise_law(instance: u32) -> u32 { return 0u; }";
  const { result, record } = ofLanes(engine, `draws:${noise.name}`, lanes, {
    pieces: [
      { name: "blocks", text: `const BLOCKS = ${blocks}u;` },
      ...(table ? [{ name: "noise table", text: tableText }] : []),
      { name: `noise ${noise.name}`, text: noise.wgsl },
      { name: "bench/kernels/draws.wgsl", text },
    ],
    uniforms: { key: [1, 2, 3, 0] },
    ...(table && { buffers: { noise_values: table.slice("bench") } }),
  });
  return {
    work: { draws: drawn },
    unit: record,
    async verify() {
      record();
      let sum = 0;
      for (const value of await result.read()) sum += value;
      expectMean(law, sum, drawn);
    },
  };
}
