import type { Picks, World } from "../world.js";

/** One kind of call: it makes it, rightly or wrongly as the numbers say, and tells the model what must come of it. */
export type Action = (world: World, picks: Picks) => void | Promise<void>;

export type Actions = Readonly<Record<string, Action>>;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
export const sameShape = (a: readonly number[], b: readonly number[]): boolean => `${a}` === `${b}` && a.length === b.length;
