import { ImleError } from "../../engine/error.js";
import { product, type Solver } from "../../solvers/solver.js";

/** Numbers of one input of one instance. */
export type InputValues = Float32Array | Int32Array | Uint32Array;

/** One instance, as `checkSolver` draws it and an oracle sees it. */
export interface CheckInstance {
  /** Of one instance, without a batch. */
  readonly shape: readonly number[];
  /** Row-major f32: scores of a solver that maximises, costs of one that minimises. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** Its inputs, by name, row-major. */
  readonly inputs: Readonly<Record<string, InputValues>>;
}

/** Uniform numbers in [0, 1). */
export type Random = () => number;

/** How `checkSolver` draws an instance. */
export interface Drawing {
  /** Weights of one instance; by default one of twelve families: ties, zeros, signs, magnitudes. */
  readonly weights?: (random: Random, shape: readonly number[]) => ArrayLike<number>;
  /** Inputs of one instance, by name. */
  readonly inputs?: (random: Random, shape: readonly number[]) => Readonly<Record<string, ArrayLike<number>>>;
}

/** mulberry32: the same numbers on every runtime. */
export function randomSource(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const whole = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
const sign = (random: Random): number => (random() < 0.5 ? -1 : 1);

/** Weights by position, random and such as break careless solvers. Magnitudes leave room for sums. */
const weightFamilies: readonly ((random: Random, i: number, size: number) => number)[] = [
  (random) => 2 * random() - 1,
  (random) => random(),
  (random) => whole(random, -2, 2), // ties and zeros
  (random) => whole(random, 0, 1),
  () => 0,
  () => -1.7,
  (random) => (random() < 0.5 ? -0 : whole(random, -1, 1)),
  (random) => sign(random) * 10 ** (12 * random() - 6), // what vanishes in rounding
  (random) => sign(random) * 1e-30 * random(),
  (random) => sign(random) * 1e30 * random(),
  (random, i) => i + random(), // sorted
  (random, i, size) => size - i - (random() < 0.5 ? 0 : 1),
];

const numbersOf = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

/** The instance of a number: it depends on (seed, shape, number) alone. */
export function drawInstance(
  solver: Solver,
  { weights, inputs }: Drawing,
  shape: readonly number[],
  seed: number,
  number: number,
): CheckInstance {
  const random = randomSource(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca77));
  const size = product(shape);
  const family = weightFamilies[number % weightFamilies.length]!;
  const drawn = weights?.(random, shape) ?? Array.from({ length: size }, (_, i) => family(random, i, size));
  const given = Object.entries(inputs?.(random, shape) ?? {}).map(([name, values]) => {
    return [name, numbersOf[solver.inputs[name]?.dtype ?? "f32"].from(values)] as const;
  });
  return { shape, weights: Float32Array.from(drawn), inputs: Object.fromEntries(given) };
}

/** Whether the solver takes such instances. */
export function takesShape(solver: Solver, shape: readonly number[]): boolean {
  try {
    solver.check(shape);
    return true;
  } catch (error) {
    if (error instanceof ImleError) return false;
    throw error;
  }
}

/** Every shape whose axes are among `lengths`, smallest first. */
export function shapesOf(axes: number, lengths: readonly number[]): number[][] {
  let shapes: number[][] = [[]];
  for (let axis = 0; axis < axes; axis++) shapes = shapes.flatMap((shape) => lengths.map((length) => [...shape, length]));
  return shapes.sort((a, b) => product(a) - product(b));
}
