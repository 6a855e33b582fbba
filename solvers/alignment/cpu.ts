const { fround } = Math;

/** How many rows and columns a step into a cell goes on. */
type Step = readonly [rows: number, columns: number];

const diagonal: Step = [1, 1];
const above: Step = [1, 0];
const left: Step = [0, 1];

/** Fills a table cell by cell, then follows the steps back from its last cell: a mask of the cells that `emits` says. */
function align(
  [rows, columns]: readonly number[],
  border: number,
  enter: (index: number, values: Readonly<Record<"diagonal" | "above" | "left", number>>) => readonly [number, Step],
  emits: (step: Step) => boolean,
): Int32Array {
  const [height, width] = [rows!, columns!];
  const values = new Float32Array(height * width);
  const steps: Step[] = [];
  const valueAt = (i: number, j: number): number => (i >= 0 && j >= 0 ? values[i * width + j]! : i === j ? 0 : border);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const around = { diagonal: valueAt(i - 1, j - 1), above: valueAt(i - 1, j), left: valueAt(i, j - 1) };
      const [value, step] = enter(i * width + j, around);
      values[i * width + j] = value;
      steps.push(step);
    }
  }
  const z = new Int32Array(height * width);
  for (let [i, j] = [height - 1, width - 1]; i >= 0 && j >= 0; ) {
    const step = steps[i * width + j]!;
    if (emits(step)) z[i * width + j] = 1;
    [i, j] = [i - step[0], j - step[1]];
  }
  return z;
}

/** The cheapest warping path through an [N, M] table of costs, in f32: the specification of `timeWarping`. */
export function timeWarpingCpu(costs: ArrayLike<number>, shape: readonly number[]): Int32Array {
  return align(
    shape,
    fround(3e38),
    (index, before) => {
      const least = Math.min(before.diagonal, before.above, before.left);
      const step = before.diagonal === least ? diagonal : before.above === least ? above : left;
      return [fround(fround(costs[index]!) + least), step];
    },
    () => true,
  );
}

/** The monotone matching of rows and columns with the largest sum, in f32: the specification of `alignment`. */
export function alignmentCpu(weights: ArrayLike<number>, shape: readonly number[]): Int32Array {
  return align(
    shape,
    0,
    (index, before) => {
      const matched = fround(before.diagonal + fround(weights[index]!));
      if (matched > Math.max(before.above, before.left)) return [matched, diagonal];
      return before.above >= before.left ? [before.above, above] : [before.left, left];
    },
    (step) => step === diagonal,
  );
}
