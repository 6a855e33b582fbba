import type { Engine } from "../../engine/engine.js";
import { solve } from "../../solvers/run.js";
import type { Solver, Strategy } from "../../solvers/solver.js";
import { drawNoise } from "../noise/draw.js";
import { gumbel } from "../noise/gumbel/gumbel.js";
import { perturbAndMap } from "../perturb-and-map.js";
import type { CheckInstance } from "./instances.js";
import { readRows } from "./solve-all.js";

/** What a check asks of a batch of instances of one shape: for each what is wrong with it, or null. */
export interface Check {
  readonly name: string;
  /** What must hold, as in `the same batch must give the same states`. */
  readonly must: string;
  readonly run: (context: CheckContext, instances: readonly CheckInstance[]) => Promise<(Finding | null)[]>;
}

export interface Finding {
  readonly expected: string;
  readonly got: string;
  /** The sample under which it was found. */
  readonly sample?: number;
}

/** The state of an instance that an oracle found, whose objective at least must be reached. */
export type Oracle = (instance: CheckInstance) => ArrayLike<number>;

export interface CheckContext {
  readonly engine: Engine;
  readonly solver: Solver;
  readonly strategy: Strategy;
  /** All strategies that take instances of this shape. */
  readonly strategies: readonly Strategy[];
  readonly oracle: Oracle;
  readonly compare: "state" | "objective";
  readonly tolerance: number;
  readonly feasible: ((state: readonly number[], instance: CheckInstance) => boolean) | undefined;
  /** An instance of the same shape and inputs that is put between others. */
  readonly decoy: (like: CheckInstance) => CheckInstance;
}

const samples = 3;
/** A power of two, so that the product with ε is exact, and the sum the same whether or not it is fused. */
const temperature = 0.5;

/** Where the noise of a check is drawn. */
export const noisePlace = { seed: 1, stream: 1, call: 1 } as const;

const text = (state: ArrayLike<number>): string => {
  const shown = Array.from(state).slice(0, 64).join(", ");
  return `[${shown}${state.length > 64 ? `, … ${state.length} in all` : ""}]`;
};

function differences(expected: readonly ArrayLike<number>[], got: readonly ArrayLike<number>[]): (Finding | null)[] {
  return expected.map((state, index) => {
    const own = got[index]!;
    const same = state.length === own.length && Array.from(state).every((value, i) => value === own[i]);
    return same ? null : { expected: text(state), got: text(own) };
  });
}

const solveAgain = (
  { engine, solver, strategy }: CheckContext,
  instances: readonly CheckInstance[],
  by: Strategy = strategy,
): Promise<number[][]> =>
  readRows(engine, solver, instances, instances.length, ({ weights, inputs }) =>
    solve(solver, weights, inputs, { strategy: by }),
  );

const perturb = (
  { engine, solver, strategy }: CheckContext,
  instances: readonly CheckInstance[],
  output: "samples" | "counts",
): Promise<number[][]> =>
  readRows(engine, solver, instances, instances.length * (output === "samples" ? samples : 1), ({ weights, inputs }) =>
    perturbAndMap(solver, weights, { noise: gumbel(), samples, temperature, place: noisePlace, inputs, strategy, output }),
  );

/** What several checks ask of one batch, solved once. */
const known = new WeakMap<readonly CheckInstance[], Map<string, Promise<number[][]>>>();

function once(instances: readonly CheckInstance[], what: string, make: () => Promise<number[][]>): Promise<number[][]> {
  let own = known.get(instances);
  if (!own) known.set(instances, (own = new Map()));
  let result = own.get(what);
  if (!result) own.set(what, (result = make()));
  return result;
}

const states = (
  context: CheckContext,
  instances: readonly CheckInstance[],
  by: Strategy = context.strategy,
): Promise<number[][]> => once(instances, by, () => solveAgain(context, instances, by));

const sampled = (context: CheckContext, instances: readonly CheckInstance[]): Promise<number[][]> =>
  once(instances, `${context.strategy} under noise`, () => perturb(context, instances, "samples"));

/** ⟨z, θ⟩ in float64, and the sum of its terms' magnitudes. */
function objective(state: ArrayLike<number>, weights: ArrayLike<number>): { value: number; magnitude: number } {
  let [value, magnitude] = [0, 0];
  for (let i = 0; i < weights.length; i++) {
    value += state[i]! * weights[i]!;
    magnitude += Math.abs(state[i]! * weights[i]!);
  }
  return { value, magnitude };
}

function compareObjectives(context: CheckContext, instance: CheckInstance, state: readonly number[]): Finding | null {
  const best = context.oracle(instance);
  const [own, wanted] = [objective(state, instance.weights), objective(best, instance.weights)];
  const behind = context.solver.sense === "max" ? wanted.value - own.value : own.value - wanted.value;
  if (behind <= context.tolerance * (own.magnitude + wanted.magnitude)) return null;
  return { expected: `${wanted.value} of ${text(best)}`, got: `${own.value} of ${text(state)}` };
}

/** Everything that is asked of a solver; the first that fails is what its author is told. */
export const checks: readonly Check[] = [
  {
    name: "oracle",
    must: "the state must be the oracle's, or as good where objectives are compared",
    async run(context, instances) {
      const got = await states(context, instances);
      if (context.compare === "state") return differences(instances.map(context.oracle), got);
      return instances.map((instance, index) => compareObjectives(context, instance, got[index]!));
    },
  },
  {
    name: "feasible",
    must: "the state must be feasible, and no larger than maximumState says",
    async run(context, instances) {
      const { solver, feasible } = context;
      return (await states(context, instances)).map((state, index) => {
        const { shape } = instances[index]!;
        const largest = solver.maximumState(shape);
        if (!state.every((value) => Math.abs(value) <= largest)) return { expected: `|v| ≤ ${largest}`, got: text(state) };
        const fine = feasible?.(state, instances[index]!) ?? true;
        return fine ? null : { expected: "a feasible state", got: text(state) };
      });
    },
  },
  {
    name: "determinism",
    must: "the same batch must give the same states again",
    async run(context, instances) {
      const [first, again] = await Promise.all([states(context, instances), solveAgain(context, instances)]);
      return differences(first, again);
    },
  },
  {
    name: "batch independence",
    must: "an instance's state must not depend on the instances beside it",
    async run(context, instances) {
      const among = instances.flatMap((instance) => [context.decoy(instance), instance]);
      const beside = [...among, context.decoy(instances[0]!)];
      const [apart, mixed] = await Promise.all([states(context, instances), solveAgain(context, beside)]);
      return differences(apart, mixed.filter((_, index) => index % 2 === 1));
    },
  },
  {
    name: "strategies agree",
    must: "both strategies must give the same state",
    async run(context, instances) {
      const [first, second] = context.strategies;
      if (context.strategy !== first || second === undefined) return instances.map(() => null);
      const both = [first, second].map((strategy) => states(context, instances, strategy));
      const [one, other] = await Promise.all(both);
      return differences(one!, other!);
    },
  },
  {
    name: "noise fusion",
    must: "under noise, the state must be that of the weights to which the noise has been added",
    async run(context, instances) {
      const { engine, solver, strategy } = context;
      const [rows, { shape, weights: one }] = [instances.length * samples, instances[0]!];
      // Every sample is an instance of its own.
      const repeated = instances.flatMap((instance) => Array.from({ length: samples }, () => instance));
      const addedFirst = readRows(engine, solver, repeated, rows, ({ weights, inputs }) => {
        const drawn = drawNoise(engine, gumbel(), [instances.length, samples, one.length], noisePlace);
        const scale = solver.sense === "max" ? temperature : -temperature;
        return solve(solver, weights.add(drawn.reshape([rows, ...shape]).mul(scale)), inputs, { strategy });
      });
      const [expected, fused] = await Promise.all([addedFirst, sampled(context, instances)]);
      return firstOfSamples(differences(expected, fused));
    },
  },
  {
    name: "counts",
    must: "the sum over samples must be that of the samples (emit at most once per i)",
    async run(context, instances) {
      const [each, counts] = await Promise.all([sampled(context, instances), perturb(context, instances, "counts")]);
      const sums = counts.map((count, index) => {
        const own = each.slice(index * samples, (index + 1) * samples);
        return count.map((_, i) => own.reduce((sum, state) => sum + state[i]!, 0));
      });
      return differences(sums, counts);
    },
  },
];

/** What is asked when solving was rejected: which of the instances is it? */
export const reportCheck: Check = {
  name: "reports",
  must: "an instance that is drawn must be solved without a report",
  async run(context, instances) {
    const findings: (Finding | null)[] = [];
    for (const instance of instances) {
      const problem = await solveAgain(context, [instance]).then(
        () => null,
        (error: unknown) => ({ expected: "a state", got: String((error as Error).message) }),
      );
      findings.push(problem);
    }
    return findings;
  },
};

function firstOfSamples(findings: readonly (Finding | null)[]): (Finding | null)[] {
  return Array.from({ length: findings.length / samples }, (_, index) => {
    const own = findings.slice(index * samples, (index + 1) * samples);
    const sample = own.findIndex((finding) => finding !== null);
    return sample < 0 ? null : { ...own[sample]!, sample };
  });
}
