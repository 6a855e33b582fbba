import * as assert from "uvu/assert";
import { randomSource, randomWhole } from "./random.js";

/** ⟨z, θ⟩ in float64. */
export function objective(state: ArrayLike<number>, weights: ArrayLike<number>): number {
  return Array.from(weights).reduce((sum, weight, i) => sum + weight * state[i]!, 0);
}

/** Every list of `length` numbers from 0 to `choices` − 1. */
export function* lists(length: number, choices: number): Iterable<readonly number[]> {
  for (let number = 0; number < choices ** length; number++) {
    yield Array.from({ length }, (_, place) => Math.floor(number / choices ** place) % choices);
  }
}

/** Every order of 0 … n − 1. */
export function permutations(n: number): readonly (readonly number[])[] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, place) => [...order.slice(0, place), n - 1, ...order.slice(place)]),
  );
}

/**
 * A twin is optimal: on random whole weights, where sums are exact, its state is among `states`, and none is better.
 */
export function expectOptimal(
  sense: "max" | "min",
  size: number,
  twin: (weights: Float32Array) => ArrayLike<number>,
  states: Iterable<ArrayLike<number>>,
  { tries = 20, lowest = -9 }: { tries?: number; lowest?: number } = {},
): void {
  const random = randomSource(77 + size);
  const all = [...states];
  for (let attempt = 0; attempt < tries; attempt++) {
    const weights = Float32Array.from({ length: size }, () => randomWhole(random, lowest, 9));
    const state = Array.from(twin(weights));
    assert.ok(all.some((other) => state.every((value, i) => value === other[i])), `${state} is a state`);
    const values = all.map((other) => objective(other, weights));
    const best = sense === "max" ? Math.max(...values) : Math.min(...values);
    assert.is(objective(state, weights), best, `weights ${weights}`);
  }
}
