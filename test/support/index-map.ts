/**
 * The oracle of operations that only move elements: where each element of the result comes from, in plain loops over
 * multi-indices.
 */

/** A function of the multi-index of the result: the multi-index of the source, or null for padding. */
export type IndexMap = (index: readonly number[]) => readonly number[] | null;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Calls `visit` with every multi-index of a shape in row-major order. */
export function forEachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    const index: number[] = [];
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    visit(index, flat);
  }
}

/** The row-major place of a multi-index. */
export function flatPlace(shape: readonly number[], index: readonly number[]): number {
  return index.reduce((place, position, axis) => place * shape[axis]! + position, 0);
}

/** The result's elements; `padding` where the map gives null. */
export function movedElements(
  source: ArrayLike<number>,
  sourceShape: readonly number[],
  shape: readonly number[],
  map: IndexMap,
  padding = 0,
): number[] {
  const moved: number[] = [];
  forEachIndex(shape, (index, flat) => {
    const from = map(index);
    moved[flat] = from ? source[flatPlace(sourceShape, from)]! : padding;
  });
  return moved;
}

/** ∂⟨w, y⟩/∂x: each weight added (in float64) to the element that it came from. */
export function movedGradient(
  weights: ArrayLike<number>,
  sourceShape: readonly number[],
  shape: readonly number[],
  map: IndexMap,
): number[] {
  const gradient = new Array<number>(sizeOf(sourceShape)).fill(0);
  forEachIndex(shape, (index, flat) => {
    const from = map(index);
    if (from) gradient[flatPlace(sourceShape, from)]! += weights[flat]!;
  });
  return gradient;
}
