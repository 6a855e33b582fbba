import { constants, type Piece } from "../engine/compose.js";
import type { Engine } from "../engine/engine.js";
import { formatValue, must } from "../engine/error.js";
import type { Kernel } from "../engine/kernel.js";
import { requireTensor } from "../engine/ops/arguments.js";
import type { Tensor } from "../engine/tensor.js";
import meanText from "./mean.wgsl";

const lanes = 64;
const noBase: Piece = { name: "imle/no-base", text: "fn base_mean(i: u32) -> f32 { return 0.0; }" };

/** States of one or more samples, whose mean is taken here; states are whole, so the sum is exact. */
const sampledBase: Piece = {
  name: "imle/sampled-base",
  text: `@group(0) @binding(3) var<storage, read> base: array<f32>;
fn base_mean(i: u32) -> f32 {
  let first = (i / uniforms.size) * uniforms.base_samples * uniforms.size + i % uniforms.size;
  var sum = 0.0;
  for (var s = 0u; s < uniforms.base_samples; s++) {
    sum += base[first + s * uniforms.size];
  }
  return sum / f32(uniforms.base_samples);
}`,
};

/**
 * Mean of states over samples, from their counts: f32 of the counts' shape, one dispatch.
 *
 * @param counts i32, as `perturbAndMap` gives them for output `counts`
 * @param samples whole number from 1, below 2²⁴: how many states were counted
 * @throws ImleError `dtype` or `value` where they are not
 */
export function meanOfCounts(counts: Tensor, samples: number): Tensor {
  requireTensor("meanOfCounts", "the counts", counts, ["i32"]);
  must(
    Number.isInteger(samples) && samples >= 1 && samples < 2 ** 24,
    "value",
    () => `meanOfCounts: samples must be a whole number from 1, below 2²⁴, got ${formatValue(samples)}`,
    "Pass how many states were counted.",
  );
  return dispatchMean("meanOfCounts", counts, { draws: samples, scale: -1 });
}

/**
 * `scale · (mean of states − counts / draws)`, one dispatch: with z and the counts of z′ the gradient of Implicit MLE
 * (Niepert, Minervini, Franceschi 2021, Eq. 9).
 *
 * @param states f32, means of the counts' shape, or `baseSamples` states an instance, [...batch, S, ...instance]
 * @param counts i32 [...batch, ...instance]
 * @param options.size elements of an instance's state
 */
export function differenceOfMeans(
  states: Tensor,
  counts: Tensor,
  options: { readonly draws: number; readonly scale: number; readonly size: number; readonly baseSamples: number },
): Tensor {
  return dispatchMean("differenceOfMeans", counts, { ...options, states });
}

/** The kernel of {@link meanOfCounts}, or, with states, of {@link differenceOfMeans}. */
export function meanKernel(engine: Engine, fromStates: boolean): Kernel {
  const base = fromStates ? sampledBase : noBase;
  return engine.kernel(`mean:${base.name}`, () => [
    constants({ LANES: lanes }),
    { name: "imle/mean.wgsl", text: meanText },
    base,
  ]);
}

function dispatchMean(
  operation: string,
  counts: Tensor,
  options: { draws: number; scale: number; states?: Tensor; size?: number; baseSamples?: number },
): Tensor {
  const { draws, scale, states, size = 1, baseSamples = 1 } = options;
  const { engine } = counts;
  engine.check(operation, states ? [counts, states] : [counts]);
  const y = engine.output(operation, counts.shape);
  engine.dispatch({
    kernel: meanKernel(engine, states !== undefined),
    buffers: {
      counts: counts.slice(operation),
      y: y.slice(operation),
      ...(states && { base: states.slice(operation) }),
    },
    uniforms: { count: counts.size, size, base_samples: baseSamples, draws, scale },
    workgroups: Math.ceil(counts.size / lanes),
  });
  return y;
}
