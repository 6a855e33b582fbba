/** What a person draws, as a path of neighbouring cells that never crosses itself. */

import { side } from "./landscape.js";

const neighbours = (a: number, b: number): boolean =>
  Math.abs((a % side) - (b % side)) <= 1 && Math.abs(Math.floor(a / side) - Math.floor(b / side)) <= 1;

/** The cells between two, both left out, along the straight line. */
function between(a: number, b: number): number[] {
  const [fromX, fromY, toX, toY] = [a % side, Math.floor(a / side), b % side, Math.floor(b / side)];
  const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY));
  return Array.from({ length: Math.max(steps - 1, 0) }, (_, i) => {
    const t = (i + 1) / steps;
    return Math.round(fromY + t * (toY - fromY)) * side + Math.round(fromX + t * (toX - fromX));
  });
}

/**
 * The path with the pointer moved on to `cell`. A gap is filled, a loop is cut, and where the path could step straight
 * to the new cell from one farther back, it does: a cheapest path has no such detours either.
 */
export function extend(path: readonly number[], cell: number): number[] {
  if (path.at(-1) === cell) return [...path];
  const steps = path.length === 0 ? [cell] : [...between(path.at(-1)!, cell), cell];
  return steps.reduce<number[]>((grown, next) => {
    const visited = grown.indexOf(next);
    if (visited >= 0) return grown.slice(0, visited + 1);
    const joint = grown.findIndex((earlier) => neighbours(earlier, next));
    return [...(joint < 0 ? grown : grown.slice(0, joint + 1)), next];
  }, [...path]);
}
