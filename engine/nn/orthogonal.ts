import type { Engine } from "../engine.js";
import { matmul } from "../ops/matmul.js";
import { noGrad } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { checkFactor, fans, type InitOptions } from "./init.js";

/**
 * Each iteration brings a singular value s to s·(3 − s²)/2: small ones grow by half each time, and near 1 the distance
 * is squared. 40 take one of 10⁻⁷ of the largest, which f32 can hardly tell from 0, to 1; and five make it exact.
 */
const iterations = 45;

/**
 * A random orthogonal matrix times the gain, all orthogonal matrices being equally likely: a layer that begins with it
 * passes lengths on as they are (Saxe, McClelland, Ganguli 2013). Of [outputs, inputs × window] where the one side is
 * longer, the vectors of the longer side's axis are orthonormal: rows where outputs ≤ inputs × window, else columns.
 *
 * It is the orthogonal polar factor of a normal matrix, by the iteration of Newton and Schulz (Higham 2008, Eq. 8.20):
 * 90 matrix products, on the device. Off from orthonormal by some 10⁻⁶.
 *
 * @param shape [outputs, inputs, ...window]
 * @param options.gain above 0; 1 by default
 * @returns a parameter, see {@link kaimingUniform}
 * @throws ImleError `shape` where it has fewer than two axes; `value` where an option is none
 */
export function orthogonalParameter(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { gain?: number } = {},
): Tensor {
  const operation = "orthogonalParameter";
  const { label, factor: gain } = checkFactor(operation, engine, options, "gain", 1);
  const { fanIn } = fans(operation, shape);
  const outputs = shape[0]!;
  const [long, short] = outputs >= fanIn ? [outputs, fanIn] : [fanIn, outputs];
  engine.requireFit(operation, shape);
  return engine.scope(() =>
    noGrad(() => {
      // Singular values of a normal matrix are at most some √long + √short; beyond √3 the iteration would diverge.
      let x = engine.normal([long, short], { deviation: 1 / (Math.sqrt(long) + Math.sqrt(short) + 3) });
      for (let i = 0; i < iterations; i++) {
        x = engine.scope(() => x.mul(1.5).sub(matmul(x, matmul(x, x, { transposeA: true })).mul(0.5)));
      }
      const parameter = engine.zeros(shape, { requiresGrad: true, label });
      parameter.write((outputs >= fanIn ? x : x.transpose()).mul(gain).reshape(shape));
      return parameter.keep();
    }),
  );
}
