/** The family: one line an estimator. */
export type { CallOptions, Estimator, SolverLayer, SolverLoss, Switch } from "./estimator.js";
export type { LayerOptions, PerturbationOptions } from "./options.js";
export type { PerturbedCallOptions, PerturbedOptions } from "./perturbed-call.js";
export { blackbox, type BlackboxOptions } from "./blackbox.js";
export { fenchelYoung } from "./fenchel-young.js";
export { gumbelSoftmax } from "./gumbel-softmax.js";
export { identity, type IdentityOptions } from "./identity.js";
export { perturbationGradient, type PerturbationGradientOptions } from "./perturbation-gradient.js";
export { perturbedOptimiser, type PerturbedOptimiserOptions } from "./perturbed-optimiser.js";
export { type ExpectedLoss, scoreFunction } from "./score-function.js";
export { simple, type SubsetLayer } from "./simple.js";
export { type RelaxationOptions, softSubset } from "./soft-subset.js";
export { spoPlus } from "./spo-plus.js";
export { straightThrough } from "./straight-through.js";
export { structuredSvm } from "./structured-svm.js";
