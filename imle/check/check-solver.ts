import { Engine } from "../../engine/engine.js";
import { formatShape, formatValue, ImleError, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { product, type Solver, type Strategy } from "../../solvers/solver.js";
import { type CheckContext, checks, type Finding, noisePlace, type Oracle, reportCheck } from "./checks.js";
import { type CheckInstance, drawInstance, type Drawing, shapesOf, takesShape } from "./instances.js";
import { type Failure, shrink } from "./shrink.js";

/** What {@link checkSolver} is to do. */
export interface CheckOptions extends Drawing {
  /** The right state of an instance: the author's CPU twin, or {@link bruteForce}. */
  readonly oracle: Oracle;
  /**
   * `state`: the state must be the oracle's, number by number. `objective`: its ⟨z, θ⟩ must be as good, for oracles that
   * break ties in another way. By default `state`.
   */
  readonly compare?: "state" | "objective";
  /** Of objectives, relative to Σ|zᵢθᵢ|: sums on the device are rounded to f32. By default 1e-5. */
  readonly tolerance?: number;
  /** Whether a state may be a state of this instance at all. */
  readonly feasible?: (state: readonly number[], instance: CheckInstance) => boolean;
  /** Instances a strategy, in all. By default 240. */
  readonly instances?: number;
  /** Shapes of an instance. By default a range of small and odd ones of every axis, of those that the solver takes. */
  readonly shapes?: readonly (readonly number[])[];
  /** The same seed draws the same instances. By default 1. */
  readonly seed?: number;
  /** By default one of its own. */
  readonly engine?: Engine;
}

/** What was asked, and held. */
export interface CheckReport {
  /** Its name. */
  readonly solver: string;
  /** Which draws the same instances again. */
  readonly seed: number;
  /** Those that were tried. */
  readonly strategies: readonly Strategy[];
  /** Those of the instances. */
  readonly shapes: readonly (readonly number[])[];
  /** By name of the check: instances for which it held. */
  readonly checks: Readonly<Record<string, number>>;
}

const optionNames: readonly (keyof CheckOptions)[] = [
  ...(["oracle", "compare", "tolerance", "feasible", "instances", "shapes", "seed"] as const),
  ...(["engine", "weights", "inputs"] as const),
];

/**
 * Tests a solver as its user will use it: on random and adversarial instances (ties, zeros, both signs, small and large
 * magnitudes, sorted, one element, odd sizes), by every strategy it has, its states are compared with the oracle's, and
 * must be feasible, the same when solved again, the same whatever lies beside in the batch, the same by both strategies,
 * and under noise the same as if the noise had been added before.
 *
 * @throws ImleError `value` with the smallest instance that fails, ready to be pasted, and how to replay it alone
 */
export async function checkSolver(solver: Solver, options: CheckOptions): Promise<CheckReport> {
  const operation = "checkSolver";
  requireOptions(operation, options, optionNames);
  const { oracle, compare = "state", tolerance = 1e-5, feasible, instances = 240, seed = 1 } = options;
  must(
    typeof oracle === "function",
    "value",
    () => `${operation}: oracle must be a function, got ${formatValue(oracle)}`,
    "Pass the CPU twin.",
  );
  must(
    compare === "state" || compare === "objective",
    "value",
    () => `${operation}: compare must be state or objective, got ${formatValue(compare)}`,
    "Leave it out for an oracle that breaks ties as the solver does.",
  );
  const given = options.shapes ?? shapesOf(solver.instanceAxes, defaultLengths[solver.instanceAxes] ?? [1, 2, 3]);
  const shapes = given.filter((shape) => takesShape(solver, shape) && product(shape) > 0);
  must(
    shapes.length > 0,
    "shape",
    () => `${operation}: shapes must have one that ${solver.name} takes, got ${given.map(formatShape).join(", ")}`,
    "Pass shapes of an instance, without batch axes.",
  );
  const engine = options.engine ?? (await Engine.create());
  const draw = (shape: readonly number[], number: number): CheckInstance =>
    drawInstance(solver, options, shape, seed, number);
  const held: Record<string, number> = {};
  const strategies = Object.keys(solver.strategies) as Strategy[];
  try {
    for (const [index, shape] of shapes.entries()) {
      const first = Math.floor((index * instances) / shapes.length);
      const after = Math.max(Math.floor(((index + 1) * instances) / shapes.length), first + 1);
      const drawn = Array.from({ length: after - first }, (_, number) => draw(shape, first + number));
      const fitting = strategies.filter((strategy) => solver.fits(strategy, shape));
      const decoy = (like: CheckInstance): CheckInstance => draw(like.shape, instances + like.weights.length);
      const common = { engine, solver, strategies: fitting, oracle, compare, tolerance, feasible, decoy };
      for (const strategy of fitting) {
        const context: CheckContext = { ...common, strategy };
        const failure = await firstFailure(context, drawn);
        if (failure) throw describe(context, await shrink(context, failure, draw), seed);
        for (const { name } of checks) held[name] = (held[name] ?? 0) + drawn.length;
      }
    }
    return { solver: solver.name, seed, strategies, shapes, checks: held };
  } finally {
    if (!options.engine) engine.dispose();
  }
}

/** Of the first check that fails; all are begun at once, since a wait for the device may take 11 ms. */
async function firstFailure(context: CheckContext, instances: readonly CheckInstance[]): Promise<Failure | null> {
  const runs = await Promise.allSettled(checks.map((check) => check.run(context, instances)));
  const rejected = runs.find((run) => run.status === "rejected");
  // Only what the solver itself reported is about an instance.
  if (rejected && !(rejected.reason instanceof ImleError && rejected.reason.code === "value")) throw rejected.reason;
  const asked = rejected ? [reportCheck] : checks;
  const results = rejected
    ? [await reportCheck.run(context, instances)]
    : runs.map((run) => (run as PromiseFulfilledResult<(Finding | null)[]>).value);
  for (const [index, findings] of results.entries()) {
    const failing = findings.findIndex((finding) => finding !== null);
    if (failing < 0) continue;
    return { check: asked[index]!, instance: instances[failing]!, finding: findings[failing]! };
  }
  if (rejected) throw rejected.reason;
  return null;
}

const defaultLengths: Readonly<Record<number, readonly number[]>> = {
  1: [1, 2, 3, 4, 5, 7, 8, 13, 16, 33, 64, 101],
  2: [1, 2, 3, 5, 8],
  3: [1, 2, 3, 5],
};

/** A literal that can be pasted; numbers of f32 in as few digits as say which. */
function literal(values: ArrayLike<number>): string {
  const short = (value: number): string => {
    if (Object.is(value, -0)) return "-0";
    for (let digits = 1; digits < 9; digits++) {
      const written = value.toPrecision(digits);
      if (Math.fround(Number(written)) === value) return String(Number(written));
    }
    return String(value);
  };
  return `[${Array.from(values, short).join(", ")}]`;
}

function describe({ solver, strategy }: CheckContext, { check, instance, finding }: Failure, seed: number): ImleError {
  const inputs = Object.entries(instance.inputs).map(([name, values]) => `${name}: ${literal(values)}`);
  const lines = [
    `checkSolver: ${solver.name} (${strategy}), ${check.name}: ${check.must}, got otherwise for`,
    `  weights  ${literal(instance.weights)}, shape ${formatShape(instance.shape)}`,
    ...(inputs.length > 0 ? [`  inputs   { ${inputs.join(", ")} }`] : []),
    `  expected ${finding.expected}`,
    `  got      ${finding.got}`,
  ];
  const { seed: noiseSeed, stream, call } = noisePlace;
  if (finding.sample !== undefined) {
    const place = `{ seed: ${noiseSeed}, stream: ${stream}, call: ${call} }`;
    lines.push(`  noise    gumbel(), temperature 0.5, place ${place}, instance 0, sample ${finding.sample}`);
  }
  const replay = finding.sample === undefined ? "traceSolve" : "replaySample";
  return new ImleError(
    "value",
    lines.join("\n"),
    `Solve it alone with ${replay} and trace(i, x) in the solver's text; checkSolver with seed ${seed} finds it again.`,
  );
}

/**
 * An oracle that tries every state: the first of those with the best ⟨z, θ⟩, summed in float64. Pass
 * `compare: "objective"` with it, unless it lists states in the solver's own order of ties.
 *
 * @param states every feasible state of an instance
 */
export function bruteForce(
  solver: Solver,
  states: (instance: CheckInstance) => Iterable<ArrayLike<number>>,
): Oracle {
  const sign = solver.sense === "max" ? 1 : -1;
  return (instance) => {
    let [best, most]: [ArrayLike<number> | null, number] = [null, -Infinity];
    for (const state of states(instance)) {
      let value = 0;
      for (let i = 0; i < instance.weights.length; i++) value += sign * state[i]! * instance.weights[i]!;
      if (best === null || value > most) [best, most] = [state, value];
    }
    if (best === null) throw new Error(`bruteForce: ${solver.name} must have a feasible state for every instance drawn`);
    return Array.from(best);
  };
}
