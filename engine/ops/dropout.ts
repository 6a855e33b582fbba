import source from "../../kernels/dropout.wgsl";
import { constants, type Piece } from "../compose.js";
import { formatValue, must } from "../error.js";
import type { RandomPlace } from "../random.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireOptions, requireTensor } from "./arguments.js";

const lanes = 64;

/**
 * x with each element set to 0 with this probability, and the others divided by 1 − probability (Srivastava et al.
 * 2014, scaled so that the mean stays). Another mask at every call; it is never stored, but drawn again for the
 * gradient.
 *
 * @param probability from 0 to 1; compared with 32 random bits
 * @param options.stream of random numbers; by default the engine's own. `Dropout` layers have one each.
 * @throws ImleError `dtype` unless x is f32; `value` where the probability is not between 0 and 1
 */
export function dropout(x: Tensor, probability: number, options: { stream?: number } = {}): Tensor {
  requireTensor("dropout", "x", x, ["f32"]);
  requireProbability("dropout", probability);
  requireOptions("dropout", options, ["stream"]);
  const { stream = 0 } = options;
  must(
    Number.isInteger(stream) && stream >= 0 && stream < 2 ** 16,
    "value",
    () => `dropout: stream must be a whole number from 0 to 65,535, got ${formatValue(stream)}`,
    "Leave it out to draw from the engine's own stream.",
  );
  const place = x.engine.random.next(stream);
  const y = masked(x, probability, place);
  record({
    label: "dropout",
    inputs: [x],
    outputs: [y],
    backward: ([dy]) => [masked(dy!, probability, place)],
  });
  return y;
}

/** @throws ImleError `value` unless it is a number from 0 to 1 */
export function requireProbability(operation: string, probability: unknown): void {
  must(
    typeof probability === "number" && probability >= 0 && probability <= 1,
    "value",
    () => `${operation}: probability must be a number from 0 to 1, got ${formatValue(probability)}`,
    "Pass the share of elements to drop, such as 0.5.",
  );
}

function masked(x: Tensor, probability: number, place: RandomPlace): Tensor {
  const { engine, shape, size } = x;
  const y = engine.output("dropout", shape);
  const isVector = Math.ceil(size / 4) * 16 <= x.storage.capacity;
  const count = isVector ? Math.ceil(size / 4) : size;
  engine.dispatch({
    kernel: engine.kernel(`dropout:${isVector ? "vectors" : "scalars"}`, () => [
      constants({ LANES: lanes }),
      isVector ? vectors : scalars,
      { name: "kernels/dropout.wgsl", text: source },
    ]),
    buffers: { x: x.slice("dropout"), y: y.slice("dropout") },
    uniforms: {
      count,
      ...place,
      threshold: Math.min(Math.round(probability * 2 ** 32), 2 ** 32 - 1),
      // Of all that is dropped, one word in 2³² would pass the highest threshold.
      scale: probability < 1 ? 1 / (1 - probability) : 0,
    },
    workgroups: Math.ceil(count / lanes),
  });
  return y;
}

const vectors: Piece = {
  name: "vectors",
  text: "alias T = vec4f;\nalias U = vec4u;\nfn words_of(i: u32) -> U { return block(i); }",
};
const scalars: Piece = {
  name: "scalars",
  text: "alias T = f32;\nalias U = u32;\nfn words_of(i: u32) -> U { return block(i / 4u)[i % 4u]; }",
};
