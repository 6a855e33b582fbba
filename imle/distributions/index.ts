/** Distributions of states: exact ones, and what a perturbed solver returns. */
export type { SampleOptions, StateDistribution } from "./distribution.js";
export { empiricalDistribution, type Solution } from "./empirical.js";
export { enumerated, type EnumeratedDistribution } from "./enumerated.js";
export { kSubsets, type KSubsets } from "./k-subsets/k-subsets.js";
export { gridPathStates, kSubsetStates, type StateList } from "./states.js";
