import type { SubsetLayer } from "./simple.js";
import { type RelaxationOptions, softSubset } from "./soft-subset.js";

/**
 * The Gumbel-softmax (concrete) relaxation of a categorical draw: z = softmax((θ + ε) / t) over the last axis, or with
 * `hard` one-hot with that gradient. It is the relaxed top-1. An evaluation takes the largest.
 *
 * Source: Jang, Gu, Poole 2017 (arXiv 1611.01144); Maddison, Mnih, Teh 2017 (arXiv 1611.00712).
 *
 * @throws ImleError `value` where an option is out of its range
 */
export function gumbelSoftmax(options: RelaxationOptions = {}): SubsetLayer {
  return softSubset(1, options);
}
