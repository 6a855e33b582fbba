import type { Engine } from "../engine.js";
import { requireOptions, requireTensor } from "../ops/arguments.js";
import { dropout, requireProbability } from "../ops/dropout.js";
import { reshape } from "../ops/shape.js";
import type { Tensor } from "../tensor.js";
import { requireEngine } from "./arguments.js";
import { Layer } from "./layers.js";

/**
 * Drops each element with this probability while training and scales up the others, see {@link dropout}; passes x on
 * unchanged after `eval()`. Each layer draws from a stream of its own, so layers never share a mask.
 */
export class Dropout extends Layer {
  readonly parameters: Record<string, never> = {};
  private readonly stream: number;
  private isTraining = true;

  /**
   * @param probability from 0 to 1
   * @param options.stream of random numbers, from 1 to 65,535; by default one that no layer has
   * @throws ImleError `value` where one is out of its range
   */
  constructor(
    private readonly engine: Engine,
    /** That an element is dropped. */
    readonly probability: number,
    options: { stream?: number } = {},
  ) {
    super();
    requireEngine("Dropout", engine);
    requireProbability("Dropout", probability);
    requireOptions("Dropout", options, ["stream"]);
    this.stream = engine.random.claimStream("Dropout", options.stream);
  }

  /** x with elements dropped, f32 of its shape; after `eval()` x without a copy. */
  forward(x: Tensor): Tensor {
    requireTensor("Dropout", "x", x, ["f32"]);
    this.engine.check("Dropout", [x]);
    return this.isTraining ? dropout(x, this.probability, { stream: this.stream }) : reshape(x, x.shape);
  }

  override train(): this {
    this.isTraining = true;
    return this;
  }

  override eval(): this {
    this.isTraining = false;
    return this;
  }
}
