import { sampleNoise } from "../draw.js";
import type { Draw4, DrawableNoise, Noise } from "../noise.js";
import { philox4 } from "../philox.js";
import quantileTableText from "./quantile-table.wgsl";

/**
 * A quantile function, told by its tail so that neither end loses digits: the x with P(X ≤ x) = `tail`, or with
 * P(X > x) = `tail` where `upper` is true. `tail` is in (0, ½].
 */
export type Quantile = (tail: number, upper: boolean) => number;

const OCTAVES = 32;
const SEGMENTS = 8;
/** Rows of one side; the last is the median, which rounding up to a tail of exactly ½ reaches. */
const SIDE = OCTAVES * SEGMENTS + 1;
/** The inner two of four Chebyshev nodes stretched so that the outer two are the ends of [0, 1]. */
const INNER = [1 - Math.SQRT1_2, Math.SQRT1_2] as const;

/** A noise of one uniform a draw: the law is its quantile function, inverted once on the host into a table. */
export function quantileTableNoise(name: string, quantile: Quantile): DrawableNoise {
  const noise: DrawableNoise = {
    name,
    wgsl: quantileTableText,
    table: quantileTable(quantile),
    draw4: quantileDraw4(quantile),
    sample: (engine, shape) => sampleNoise(engine, noise, shape),
  };
  return noise;
}

/** Several such laws, of which each instance has one. */
export function quantileTablesNoise(name: string, laws: readonly Noise[]): Noise {
  const rows = laws[0]!.table!.length;
  const table = new Float32Array(laws.length * rows);
  laws.forEach((law, i) => table.set(law.table!, i * rows));
  return { name, wgsl: quantileTableText, laws: laws.length, table, draw4: laws[0]!.draw4! };
}

/**
 * The table that `noise_quantile` of quantile-table.wgsl reads: for either side, 32 octaves of the tail from 2⁻³³ to ½
 * in 8 segments each, a vec4f of cubic coefficients a segment, and the median. 8,224 bytes.
 *
 * A segment's cubic meets the quantile function at stretched Chebyshev nodes. These contain both ends, so that segments
 * join, and the error is a sixth of that of a cubic through values and slopes at the ends: 7e-7 where a tail is
 * exponential. f32 adds an ulp of x.
 */
export function quantileTable(quantile: Quantile): Float32Array<ArrayBuffer> {
  const table = new Float32Array(2 * SIDE * 4);
  for (const upper of [false, true]) {
    const side = upper ? SIDE : 0;
    for (let octave = 0; octave < OCTAVES; octave++) {
      const first = 2 ** (octave - OCTAVES - 1);
      for (let segment = 0; segment < SEGMENTS; segment++) {
        const at = (part: number): number => quantile(first * (1 + (segment + part) / SEGMENTS), upper);
        table.set(cubic(at(0), at(INNER[0]), at(INNER[1]), at(1)), 4 * (side + octave * SEGMENTS + segment));
      }
    }
    table[4 * (side + SIDE - 1)] = quantile(0.5, upper);
  }
  return table;
}

/** Coefficients, for t = part / 8, of the cubic with these values at 0, INNER and 1. */
function cubic(y0: number, y1: number, y2: number, y3: number): [number, number, number, number] {
  const [a, b] = INNER;
  const d01 = (y1 - y0) / a;
  const d12 = (y2 - y1) / (b - a);
  const d23 = (y3 - y2) / (1 - b);
  const d012 = (d12 - d01) / b;
  const d123 = (d23 - d12) / (1 - a);
  const d0123 = d123 - d012;
  // y0 + p(d01 + (p − a)(d012 + (p − b)·d0123)), sorted by powers of p.
  const c1 = d01 - a * d012 + a * b * d0123;
  const c2 = d012 - (a + b) * d0123;
  return [y0, SEGMENTS * c1, SEGMENTS ** 2 * c2, SEGMENTS ** 3 * d0123];
}

/** The twin of `noise4` of quantile-table.wgsl: the quantile function itself at (word + ½)·2⁻³². */
export function quantileDraw4(quantile: Quantile): Draw4 {
  const draw = (word: number): number => {
    const upper = word >= 2 ** 31;
    return quantile(((upper ? 2 ** 32 - 1 - word : word) + 0.5) * 2 ** -32, upper);
  };
  return (counter, key) => {
    const [x, y, z, w] = philox4(counter, key);
    return [draw(x), draw(y), draw(z), draw(w)];
  };
}
