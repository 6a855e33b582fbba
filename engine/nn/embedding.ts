import type { Engine } from "../engine.js";
import { requireTensor } from "../ops/arguments.js";
import { gather } from "../ops/gather.js";
import type { Tensor } from "../tensor.js";
import { requireCount, requireEngine } from "./arguments.js";
import { Layer } from "./layers.js";

/**
 * A vector for each of a number of entries, such as words: [...] of i32 or u32 → [..., features]. The vectors are
 * normal at first (mean 0, deviation 1), as PyTorch's.
 */
export class Embedding extends Layer {
  /** `[entries, features]`. */
  readonly weight: Tensor;

  /** @throws ImleError `value` where entries or features is no whole number from 1 */
  constructor(
    engine: Engine,
    /** How many vectors there are. */
    readonly entries: number,
    /** Length of each. */
    readonly features: number,
  ) {
    super();
    requireEngine("Embedding", engine);
    requireCount("Embedding", "entries", entries);
    requireCount("Embedding", "features", features);
    this.weight = engine.normal([entries, features], { requiresGrad: true, label: "weight" }).keep();
  }

  get parameters(): Record<string, Tensor> {
    return { weight: this.weight };
  }

  /**
   * The vectors of the indices: [...] → [..., features].
   *
   * @param indices i32 or u32
   * @throws ImleError `value` at the next `read`, `item` or `idle` where an index is not from 0 to entries − 1
   */
  forward(indices: Tensor): Tensor {
    requireTensor("Embedding", "indices", indices, ["i32", "u32"]);
    return gather(this.weight, indices);
  }
}
