/** The package's one entry: the engine, the solvers, and what trains through them. */
export * from "../engine/index.js";
export * from "../solvers/index.js";
export { imle, type ImleLayer, type ImleOptions } from "./imle.js";
export * from "./estimators/index.js";
export * from "./distributions/index.js";
export * from "./metrics.js";
export { perturbAndMap, type PerturbOptions } from "./perturb-and-map.js";
export { differenceOfMeans, meanOfCounts } from "./mean.js";
export { pid } from "./target/pid.js";
export type { Target } from "./target/target.js";
export type { DrawableNoise, Noise } from "./noise/noise.js";
export { drawNoise } from "./noise/draw.js";
export { gumbel } from "./noise/gumbel/gumbel.js";
export { noNoise } from "./noise/none/none.js";
export { normal } from "./noise/normal/normal.js";
export { sumOfGamma, type SumOfGammaOptions } from "./noise/sum-of-gamma/sum-of-gamma.js";
export { givenNoise } from "./noise/given/given.js";
export { randomBits, type RandomBitsOptions } from "./noise/random-bits.js";
