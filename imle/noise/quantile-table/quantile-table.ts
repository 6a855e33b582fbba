import { sampleNoise } from "../draw.js";
import type { Draw4, DrawableNoise, Noise } from "../noise.js";
import { philox4 } from "../philox.js";
import quantileTableText from "./quantile-table.wgsl";

/**
 * A quantile function, told by its tail so that neither end loses digits: the x with P(X ≤ x) = `tail`, or with
 * P(X > x) = `tail` where `upper` is true. `tail` is in (0, ½].
 */
export type Quantile = (tail: number, upper: boolean) => number;

/** Octaves of the tail, from 2⁻³² to ½. */
const OCTAVES = 31;
const SEGMENTS = 256;
/** Words of one side: of 32 octaves, the last of which begins with the median. */
const SIDE = 32 * SEGMENTS;

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
 * The table that `noise_quantile` of quantile-table.wgsl reads: for either side, 31 octaves of the tail from 2⁻³² to ½
 * in 256 segments each, and a quantile where segments meet; draws are interpolated linearly. 65,536 bytes, of which
 * three quarters of all draws read 4 KB: on processors every word that is gathered costs as much as ten
 * multiplications, so two words a draw are quicker than the coefficients of a shorter table.
 *
 * Between two quantiles a line is off by 2e-6 where a tail is exponential, always to one side: half of it is taken off
 * the words themselves. f32 adds an ulp of x.
 */
export function quantileTable(quantile: Quantile): Float32Array<ArrayBuffer> {
  const table = new Float32Array(2 * SIDE);
  for (const upper of [false, true]) {
    const side = upper ? SIDE : 0;
    for (let octave = 0; octave < OCTAVES; octave++) {
      const first = 2 ** (octave - OCTAVES - 1);
      const at = (segment: number): number => quantile(first * (1 + segment / SEGMENTS), upper);
      const values = Float64Array.from({ length: SEGMENTS + 1 }, (_, segment) => at(segment));
      for (let segment = 0; segment < SEGMENTS; segment++) {
        const middle = Math.min(Math.max(segment, 1), SEGMENTS - 1);
        // What the line is off in the middle of a segment: an eighth of the second difference.
        const off = (values[middle - 1]! - 2 * values[middle]! + values[middle + 1]!) / 8;
        const row = rowOf(octave, segment);
        table[side + row] = values[segment]! - off / 2;
      }
    }
    const median = rowOf(OCTAVES, 0);
    table[side + median] = quantile(0.5, upper);
  }
  return table;
}

/** Where a segment lies: rows begin with the second octave, as the exponents of f32 do modulo 32. */
const rowOf = (octave: number, segment: number): number => ((octave + 31) % 32) * SEGMENTS + segment;

/** The twin of `noise4` of quantile-table.wgsl: the quantile function itself, at the odd one of two words. */
export function quantileDraw4(quantile: Quantile): Draw4 {
  const draw = (word: number): number => {
    const upper = word >= 2 ** 31;
    const odd = word % 2 === 0 ? word + 1 : word;
    return quantile((upper ? 2 ** 32 - odd : odd) * 2 ** -32, upper);
  };
  return (counter, key) => {
    const [x, y, z, w] = philox4(counter, key);
    return [draw(x), draw(y), draw(z), draw(w)];
  };
}
