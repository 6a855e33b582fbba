import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireChoice, requireOptions } from "../../engine/ops/arguments.js";
import { sizeOf } from "../../engine/shape.js";

/** A list of all states of a small problem. */
export interface StateList {
  /** Shape of a state. */
  readonly shape: readonly number[];
  /** How many there are. */
  readonly count: number;
  /** The states, one after the other, row-major. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** @throws ImleError `value` unless it is a list of states that has some */
export function requireStateList(operation: string, states: StateList): void {
  const { shape, count, values } = Object(states) as Partial<StateList>;
  const isList = Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  const fix = "Pass what kSubsetStates or gridPathStates returns.";
  must(
    isList && values instanceof Float32Array,
    "value",
    () => `${operation}: states must be a list { shape, count, values: Float32Array }, got ${formatValue(states)}`,
    fix,
  );
  must(
    Number(count) > 0 && values.length === Number(count) * sizeOf(shape),
    "value",
    () => `${operation}: states must be ${count} > 0 of shape ${formatShape(shape)}, got ${values.length} numbers`,
    fix,
  );
}

/** States that a list may have, and walks that may be tried for it. */
const mostStates = 2 ** 20;
/** Cells of a grid: a path may visit them all, and each is a call within the last. */
const mostCells = 1024;

/**
 * All masks of k of n, those of the first items first.
 * @throws ImleError `value` unless 0 ≤ k ≤ n, `limit` where there are more than 2²⁰ of them
 */
export function kSubsetStates(n: number, k: number): StateList {
  must(
    Number.isInteger(n) && n >= 1 && Number.isInteger(k) && k >= 0 && k <= n,
    "value",
    () =>
      `kSubsetStates: n must be a whole number from 1, and k one from 0 to n, ` +
      `got ${formatValue(n)} and ${formatValue(k)}`,
    "Pass how many items there are and how many a state has.",
  );
  let count = 1;
  for (let i = 0; i < Math.min(k, n - k); i++) count *= (n - i) / (i + 1);
  requireFew("kSubsetStates", count);
  const states: (readonly number[])[] = [];
  const extend = (chosen: readonly number[], next: number): void => {
    if (chosen.length === k) states.push(chosen);
    else for (let i = next; i <= n - k + chosen.length; i++) extend([...chosen, i], i + 1);
  };
  extend([], 0);
  return listOf([n], states);
}

/**
 * All paths on a small grid that visit no cell twice, from the top left to the bottom right, as masks of their cells;
 * two paths of the same cells are one state.
 *
 * @param options.neighbours cells that one step reaches, 4 or 8 (default)
 * @throws ImleError `value` for sides below 1, `limit` for more than 1,024 cells or 2²⁰ paths
 */
export function gridPathStates(
  height: number,
  width: number,
  options: { readonly neighbours?: 4 | 8 } = {},
): StateList {
  requireOptions("gridPathStates", options, ["neighbours"]);
  const { neighbours = 8 } = options;
  must(
    [height, width].every((side) => Number.isInteger(side) && side >= 1),
    "value",
    () => `gridPathStates: sides must be whole numbers from 1, got ${formatValue(height)} and ${formatValue(width)}`,
    "Pass the height and the width in cells.",
  );
  requireChoice("gridPathStates", "neighbours", neighbours, [4, 8]);
  must(
    height * width <= mostCells,
    "limit",
    () => `gridPathStates: a grid must have at most ${mostCells} cells, got ${height} × ${width}`,
    "Enumerate a smaller grid.",
  );
  const states = new Map<string, readonly number[]>();
  let walks = 0;
  const walk = (path: readonly number[]): void => {
    requireFew("gridPathStates", ++walks);
    const cell = path.at(-1)!;
    if (cell === height * width - 1) {
      const cells = [...path].sort((a, b) => a - b);
      states.set(cells.join(), cells);
      return;
    }
    const [row, column] = [Math.floor(cell / width), cell % width];
    for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
      for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
        const isDiagonal = y !== row && x !== column;
        if (!(isDiagonal && neighbours === 4) && !path.includes(y * width + x)) walk([...path, y * width + x]);
      }
    }
  };
  walk([0]);
  return listOf([height, width], [...states.values()]);
}

function requireFew(operation: string, count: number): void {
  must(
    count <= mostStates,
    "limit",
    () => `${operation}: there must be at most ${mostStates} states to list, got more`,
    "Enumerate a smaller problem; kSubsets is exact for any n and k.",
  );
}

function listOf(shape: readonly number[], states: readonly (readonly number[])[]): StateList {
  const size = sizeOf(shape);
  const values = new Float32Array(states.length * size);
  states.forEach((ones, row) => ones.forEach((i) => (values[row * size + i] = 1)));
  return { shape, count: states.length, values };
}
