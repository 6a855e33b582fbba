/** Float64 twins of tensors and operations: plain loops that say what an operation means. */

import { flatPlace, forEachIndex, sizeOf } from "./index-map.js";
import { randomSource } from "./random.js";

export { sizeOf };

/** An array in float64. */
export interface Twin {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Random f32 numbers between low and high. */
export function randomTwin(shape: readonly number[], { low = -2, high = 2, seed = 1 } = {}): Twin {
  const random = randomSource(seed + 31 * sizeOf(shape));
  return { shape, values: Array.from({ length: sizeOf(shape) }, () => Math.fround(low + (high - low) * random())) };
}

/** The function of every element, or of every tuple of elements after broadcasting. */
export function mapTwin(f: (...elements: number[]) => number, ...operands: readonly Twin[]): Twin {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  const shape = Array.from({ length: rank }, (_, axis) => {
    const lengths = operands.map((operand) => operand.shape[axis - rank + operand.shape.length] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
  const values: number[] = [];
  forEachIndex(shape, (index, flat) => {
    const elements = operands.map((operand) => {
      const own = operand.shape.map((length, axis) => (length === 1 ? 0 : index[axis + rank - operand.shape.length]!));
      return operand.values[flatPlace(operand.shape, own)]!;
    });
    values[flat] = f(...elements);
  });
  return { shape, values };
}

/** The function of the elements, in row-major order, that differ in the named axes only. */
export function reduceTwin(
  f: (elements: readonly number[]) => number,
  x: Twin,
  axes: readonly number[] = x.shape.map((_, axis) => axis),
  keepDims = false,
): Twin {
  const named = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  const kept = x.shape.map((length, axis) => (named.includes(axis) ? 1 : length));
  const groups = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  forEachIndex(x.shape, (index, flat) => {
    const group = flatPlace(kept, index.map((position, axis) => (named.includes(axis) ? 0 : position)));
    groups[group]!.push(x.values[flat]!);
  });
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !named.includes(axis));
  return { shape, values: groups.map(f) };
}

/** The function, a row to a row, along one axis. */
export function rowsTwin(f: (row: readonly number[]) => readonly number[], x: Twin, axis: number): Twin {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const length = x.shape[along]!;
  const inner = sizeOf(x.shape.slice(along + 1));
  const values = [...x.values];
  for (let start = 0; start < values.length; start++) {
    if (Math.floor(start / inner) % length !== 0) continue;
    const row = f(Array.from({ length }, (_, i) => x.values[start + i * inner]!));
    row.forEach((value, i) => (values[start + i * inner] = value));
  }
  return { shape: x.shape, values };
}

export const total = (elements: readonly number[]): number => elements.reduce((sum, element) => sum + element, 0);
export const average = (elements: readonly number[]): number => total(elements) / elements.length;

/** exp(x) / Σ exp(x) of a row. */
export function softmaxRow(row: readonly number[]): number[] {
  const maximum = Math.max(...row);
  const sum = total(row.map((x) => Math.exp(x - maximum)));
  return row.map((x) => Math.exp(x - maximum) / sum);
}

/** x − log Σ exp(x) of a row. */
export function logSoftmaxRow(row: readonly number[]): number[] {
  const maximum = Math.max(...row);
  const sum = total(row.map((x) => Math.exp(x - maximum)));
  return row.map((x) => x - maximum - Math.log(sum));
}
