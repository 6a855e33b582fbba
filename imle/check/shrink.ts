import { product } from "../../solvers/solver.js";
import type { Check, CheckContext, Finding } from "./checks.js";
import { type CheckInstance, shapesOf, takesShape } from "./instances.js";

/** An instance with which a check fails, and how. */
export interface Failure {
  readonly check: Check;
  readonly instance: CheckInstance;
  readonly finding: Finding;
}

/** Rounds of simplification; each is one batch. */
const mostRounds = 60;
const triesOfShape = 48;

/**
 * A smaller instance that fails the same check: of the smallest shape for which one is found, and of those one with as
 * few and as plain weights as can be.
 */
export async function shrink(
  context: CheckContext,
  failure: Failure,
  draw: (shape: readonly number[], number: number) => CheckInstance,
): Promise<Failure> {
  const smaller = await withSmallerShape(context, failure, draw);
  return await withPlainerWeights(context, smaller);
}

/** The first of the candidates that fails; those that cannot be solved at all do not count. */
async function firstFailing(
  context: CheckContext,
  check: Check,
  candidates: readonly CheckInstance[],
): Promise<Failure | null> {
  try {
    const findings = await check.run(context, candidates);
    const index = findings.findIndex((finding) => finding !== null);
    if (index < 0) return null;
    // Again, alone: what is printed must fail by itself.
    const [finding] = await check.run(context, [candidates[index]!]);
    return finding ? { check, instance: candidates[index]!, finding } : null;
  } catch {
    return null;
  }
}

async function withSmallerShape(
  context: CheckContext,
  failure: Failure,
  draw: (shape: readonly number[], number: number) => CheckInstance,
): Promise<Failure> {
  const { check, instance } = failure;
  const axes = instance.shape.length;
  const lengths = axes === 1 ? [1, 2, 3, 4, 5, 6, 8, 12, 16, 24] : axes === 2 ? [1, 2, 3, 4, 6] : [1, 2, 3];
  const shapes = shapesOf(axes, lengths);
  for (const shape of shapes) {
    if (product(shape) >= instance.weights.length) break;
    if (!takesShape(context.solver, shape) || !context.solver.fits(context.strategy, shape)) continue;
    let candidates: CheckInstance[];
    try {
      candidates = Array.from({ length: triesOfShape }, (_, number) => draw(shape, number));
    } catch {
      continue; // the author's drawing does not make such instances
    }
    const found = await firstFailing(context, check, candidates);
    if (found) return found;
  }
  return failure;
}

const simpler: readonly ((weight: number) => number)[] = [() => 0, Math.trunc, Math.round, Math.sign];

/** Whole runs of weights first, then ever shorter ones, as in delta debugging (Zeller, Hildebrandt 2002). */
async function withPlainerWeights(context: CheckContext, failure: Failure): Promise<Failure> {
  let smallest = failure;
  let rounds = 0;
  for (const simplify of simpler) {
    for (let length = failure.instance.weights.length; length >= 1; length = Math.floor(length / 2)) {
      for (let found = true; found && rounds < mostRounds; rounds++) {
        const candidates = simplified(smallest.instance, length, simplify);
        const next = candidates.length > 0 ? await firstFailing(context, failure.check, candidates) : null;
        found = next !== null;
        if (next) smallest = next;
      }
    }
  }
  return smallest;
}

function simplified(instance: CheckInstance, length: number, simplify: (weight: number) => number): CheckInstance[] {
  const candidates: CheckInstance[] = [];
  for (let start = 0; start < instance.weights.length; start += length) {
    const weights = instance.weights.map((weight, i) => (i >= start && i < start + length ? simplify(weight) : weight));
    if (weights.some((weight, i) => !Object.is(weight, instance.weights[i]))) candidates.push({ ...instance, weights });
  }
  return candidates;
}
