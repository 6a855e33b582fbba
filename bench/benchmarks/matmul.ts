/** Products of matrices: square ones, and a dense layer forward and back, whose operands are read transposed. */

import { matmul, type MatmulOptions } from "webgpu-imle";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";

const bytesOfNumber = 4;

/** [rows, inner] × [inner, columns]; with an option, an operand lies transposed in memory. */
function productCase(
  rows: number,
  inner: number,
  columns: number,
  options: MatmulOptions = {},
  what = "",
): TimedCase {
  const { transposeA = false, transposeB = false } = options;
  return {
    name: `${rows}×${inner}×${columns}${what}`,
    parameters: { rows, inner, columns },
    headline: rows === 512 || (rows === 100 && columns === 256),
    peers: { task: "matmul", rows, inner, columns, transposeA, transposeB },
    prepare(engine) {
      const a = engine.normal(transposeA ? [inner, rows] : [rows, inner]);
      const b = engine.normal(transposeB ? [columns, inner] : [inner, columns]);
      return {
        work: {
          operations: 2 * rows * inner * columns,
          bytes: bytesOfNumber * (rows * inner + inner * columns + rows * columns),
        },
        unit: () => void matmul(a, b, options),
        async verify() {
          const [left, right, got] = await Promise.all([a.read(), b.read(), matmul(a, b, options).read()]);
          for (const [row, column] of [[0, 0], [rows - 1, columns - 1], [rows >> 1, 1], [1, columns >> 1]] as const) {
            let sum = 0;
            let scale = 0;
            for (let i = 0; i < inner; i++) {
              const product =
                left[transposeA ? i * rows + row : row * inner + i]! *
                right[transposeB ? column * inner + i : i * columns + column]!;
              sum += product;
              scale += Math.abs(product);
            }
            const tolerance = (1e-5 * scale) / Math.max(1, Math.abs(sum));
            expectClose(`matmul [${row}, ${column}]`, got[row * columns + column]!, sum, tolerance);
          }
        },
      };
    },
  };
}

export const matmulBenchmark: Benchmark = {
  name: "matmul",
  summary: "products of matrices, square and of dense layers, forward and both ways back",
  cases: [
    productCase(512, 512, 512),
    productCase(1024, 1024, 1024),
    productCase(100, 784, 512),
    productCase(100, 784, 256),
    productCase(100, 512, 784, { transposeB: true }, " (back to the input, Bᵀ)"),
    productCase(784, 100, 512, { transposeA: true }, " (back to the weights, Aᵀ)"),
  ],
};
