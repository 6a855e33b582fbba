import { formatShape, must } from "../error.js";
import type { Tensor } from "../tensor.js";
import { requireChoice, requireOptions } from "./arguments.js";
import { fill } from "./create.js";
import { reduceBlock } from "./reduction.js";

/**
 * How the losses of the elements, or rows, become one number, shape `[]`: by their mean (of nothing it is an error,
 * `shape`) or their sum; `none` leaves one an element, or row.
 */
export type Reduction = "mean" | "sum" | "none";

/** What every loss takes. */
export interface LossOptions {
  /** `mean` by default. */
  readonly reduction?: Reduction;
}

/** The reduction that the options ask for; `more` are options that the loss has beside it. */
export function checkReduction(operation: string, options: LossOptions, more: readonly string[] = []): Reduction {
  requireOptions(operation, options, ["reduction", ...more]);
  const { reduction = "mean" } = options;
  requireChoice(operation, "reduction", reduction, ["mean", "sum", "none"]);
  return reduction;
}

/** Throws where a mean of nothing is asked for. */
export function requireSomeLoss(operation: string, tensor: Tensor, reduction: Reduction): void {
  must(
    tensor.size > 0 || reduction !== "mean",
    "shape",
    () => `${operation}: a mean must be of at least one loss, got shape ${formatShape(tensor.shape)}`,
    'Skip the call for empty batches, or use { reduction: "sum" }.',
  );
}

/** The losses as one number, and what a slope of that number is to be multiplied with for each of them. */
export function reduceLosses(label: string, losses: Tensor, reduction: Reduction): { loss: Tensor; scale: number } {
  if (reduction === "none") return { loss: losses, scale: 1 };
  const { engine, size } = losses;
  const scale = reduction === "mean" ? 1 / size : 1;
  const block = { outer: 1, length: size, inner: 1 };
  try {
    const loss = size === 0 ? fill(engine, [], 0) : reduceBlock(label, losses, block, [], { fold: "sum", scale });
    return { loss, scale };
  } finally {
    losses.dispose();
  }
}
