import { formatShape, formatValue, must } from "../engine/error.js";
import type { Preparable } from "../engine/engine.js";
import type { DType, Tensor } from "../engine/tensor.js";

/** `lane`: one invocation an instance, no barriers. `workgroup`: one workgroup an instance, barriers allowed. */
export type Strategy = "lane" | "workgroup";

/** WGSL, or a function that writes it for a shape of the instance (to unroll rows, say). */
export type SolverText = string | ((instanceShape: readonly number[]) => string);

/** A further answer beside the state, made where it is asked for: the cost of a path, the values of a top-k. */
export interface SolverOutput {
  /** What `emit_NAME` takes and a caller gets. */
  readonly dtype: DType;
  /** Its shape for one instance. */
  readonly shape: (instanceShape: readonly number[]) => readonly number[];
}

/** One pass over an instance. Passes of an instance run one after the other and share its workspace. */
export interface Pass {
  /** Defines `fn solve(…)`; see docs/write-a-solver.md for what it may call. */
  readonly wgsl: SolverText;
  /** Invocations of a workgroup, at most 256; `workgroup` strategy only. By default 64. */
  readonly workgroupSize?: number | ((instanceShape: readonly number[]) => number);
  /**
   * How many invocations (`lane`) or workgroups (`workgroup`) work on one instance in this pass; `solve` then gets the
   * part's number as its last parameter. By default 1, and no such parameter.
   */
  readonly parts?: (instanceShape: readonly number[]) => number;
  /** How often the pass is repeated before the next one; `repetition()` tells the turn. By default 1. */
  readonly repeat?: (instanceShape: readonly number[]) => number;
}

/**
 * The passes of a strategy; as a function, those for instances of a shape, and for the further outputs that are wanted. A
 * pass may stand in a list several times.
 */
export type Passes =
  | readonly Pass[]
  | ((instanceShape: readonly number[], outputs: readonly string[]) => readonly Pass[]);

/** A per-instance input beside the weights: start and goal, a mask, a row's k. */
export interface SolverInput {
  /** What a caller passes and `input_NAME` gives. */
  readonly dtype: DType;
  /** Its shape for one instance. */
  readonly shape: (instanceShape: readonly number[]) => readonly number[];
  /** Whether a call may leave it out; it then reads as zeros, and `has_NAME()` is false. By default false. */
  readonly optional?: boolean;
}

/** What a `report(code)` means to the person who called. */
export interface SolverReport {
  /** What must hold, as in `costs must not be negative`. */
  readonly must: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
}

/** Facts by which a solver chooses its strategy. */
export interface ChoiceFacts {
  /** The trailing axes of the weights. */
  readonly instanceShape: readonly number[];
  /** Weights of one instance. */
  readonly size: number;
  /** Instances × samples. */
  readonly jobs: number;
  /** Whether barriers are expensive: the adapter computes on the processor, or `engine.tuning.rows` says "lane". */
  readonly software: boolean;
}

/** A combinatorial problem, as its author defines it for {@link defineSolver}. */
export interface SolverDefinition {
  /** Names it in errors. */
  readonly name: string;
  /** `max`: weights are scores θ. `min`: weights are costs c = −θ; everything a caller passes is then in costs. */
  readonly sense: "max" | "min";
  /** How many trailing axes of the weights are one instance. By default 1. */
  readonly instanceAxes?: number;
  /** Throws where an instance of this shape cannot be solved. */
  readonly check?: (instanceShape: readonly number[]) => void;
  /** Shape of a state. By default that of the instance. */
  readonly stateShape?: (instanceShape: readonly number[]) => readonly number[];
  /** The largest |v| that is ever emitted. By default 1. */
  readonly maximumState?: (instanceShape: readonly number[]) => number;
  /** Numbers that `solve` reads as `parameter_NAME()`; changing them compiles nothing anew. */
  readonly parameters?: Readonly<Record<string, { readonly type: "u32" | "f32"; readonly value: number }>>;
  /** Per-instance inputs, which `solve` reads as `input_NAME(i)`. */
  readonly inputs?: Readonly<Record<string, SolverInput>>;
  /** Further answers, which `solve` gives by `emit_NAME(i, value)` and `solveOutputs` asks for. By default none. */
  readonly outputs?: Readonly<Record<string, SolverOutput>>;
  /** Words of workspace an instance needs, by a strategy, with the further outputs that are wanted. By default 0. */
  readonly workspace?: (instanceShape: readonly number[], strategy: Strategy, outputs: readonly string[]) => number;
  /**
   * `vec4u`: the workspace is also read and written in blocks of four words, as `work_load4(q)` and `work_store4(q,
   * x)`, which software adapters do in half the time; the invocations of a workgroup must then not write words of one
   * block at once. By default `u32`.
   */
  readonly workspaceUnit?: "u32" | "vec4u";
  /**
   * Whether the library keeps an instance's weights in memory because `solve` reads them often: for all strategies, or
   * for the one named. By default false.
   */
  readonly cacheWeights?: boolean | Strategy;
  /**
   * Whether `solve` emits every i exactly once, zeros too: saves clearing the output, and a pass over it where a mean
   * is taken of one sample. By default false.
   */
  readonly emitsEvery?: boolean | ((instanceShape: readonly number[], strategy: Strategy) => boolean);
  /**
   * How many iterations all loops of the `lane` strategy's `solve` take together, at most. Where it is told, one
   * invocation may solve all samples of an instance and add up their states without atomics. By default not told.
   */
  readonly loopIterations?: (instanceShape: readonly number[]) => number;
  /** The passes of each strategy that the solver has; at least one strategy. */
  readonly strategies: Readonly<Partial<Record<Strategy, Passes>>>;
  /** Whether a strategy can take an instance of this shape (workgroup memory is small). By default all can. */
  readonly fits?: (strategy: Strategy, instanceShape: readonly number[]) => boolean;
  /** Which strategy to take, where there are two. By default `lane` on software adapters, else `workgroup`. */
  readonly choose?: (facts: ChoiceFacts) => Strategy;
  /** Meanings of `report(code)`, codes 1 to 255. Share one table between solvers of a kind. */
  readonly reports?: Readonly<Record<number, SolverReport>>;
}

/** A solver, ready for `solve`, `perturbAndMap` and every estimator. */
export interface Solver extends Readonly<Required<Omit<SolverDefinition, "reports" | "loopIterations">>>, Preparable {
  /** Meanings of its reports; undefined where it makes none. */
  readonly reports: Readonly<Record<number, SolverReport>> | undefined;
  /** How many iterations its loops take; undefined where that is not told. */
  readonly loopIterations: SolverDefinition["loopIterations"];
}

/**
 * Inputs of a call, by name: tensors of shape [...batch, ...input shape], or of the input's shape alone, which all
 * instances then share.
 */
export type SolverInputs = Readonly<Record<string, Tensor>>;

/** A batch of instances, as the weights' shape tells. */
export interface Batch {
  readonly batchShape: readonly number[];
  readonly instanceShape: readonly number[];
  /** Number of instances. */
  readonly instances: number;
  /** Weights of one instance. */
  readonly size: number;
}

/** Number of elements of a shape. */
export const product = (lengths: readonly number[]): number => lengths.reduce((total, length) => total * length, 1);

/** @throws ImleError `value` unless it is a solver */
export function requireSolver(operation: string, solver: Solver): void {
  must(
    typeof solver?.name === "string" && typeof solver.strategies === "object",
    "value",
    () => `${operation}: the first argument must be a solver, got ${formatValue(solver)}`,
    "Pass topK(k), or what defineSolver returned.",
  );
}

/** Splits `[...batch, ...instance]` and asks the solver whether it can solve such instances. */
export function splitBatch(operation: string, solver: Solver, shape: readonly number[]): Batch {
  must(
    shape.length >= solver.instanceAxes,
    "shape",
    () => `${operation}: the weights of ${solver.name} must have at least ${solver.instanceAxes} axes, got ${formatShape(shape)}`,
    "Pass [...batch, ...instance].",
  );
  const split = shape.length - solver.instanceAxes;
  const batchShape = shape.slice(0, split);
  const instanceShape = shape.slice(split);
  solver.check(instanceShape);
  return { batchShape, instanceShape, instances: product(batchShape), size: product(instanceShape) };
}

/** The passes of a strategy for instances of a shape. */
export function passesOf(
  solver: Solver,
  strategy: Strategy,
  instanceShape: readonly number[],
  outputs: readonly string[],
): readonly Pass[] {
  const passes = solver.strategies[strategy]!;
  return typeof passes === "function" ? passes(instanceShape, outputs) : passes;
}

/** The strategy that a call uses: the one asked for, the only one that fits, or the solver's choice. */
export function chooseStrategy(operation: string, solver: Solver, facts: ChoiceFacts, wanted?: Strategy): Strategy {
  const existing = Object.keys(solver.strategies) as Strategy[];
  const fitting = existing.filter((strategy) => solver.fits(strategy, facts.instanceShape));
  must(
    wanted === undefined || existing.includes(wanted),
    "value",
    () => `${operation}: strategy must be one that ${solver.name} has (${existing.join(", ")}), got ${formatValue(wanted)}`,
    "Leave it out to let the solver choose.",
  );
  must(
    wanted === undefined ? fitting.length > 0 : fitting.includes(wanted),
    "limit",
    () =>
      `${operation}: an instance of ${solver.name} must fit ${wanted ?? "a strategy"}, got shape ${formatShape(facts.instanceShape)}`,
    "Use smaller instances, or leave the strategy to the solver.",
  );
  if (wanted !== undefined) return wanted;
  return fitting.length === 1 ? fitting[0]! : solver.choose(facts);
}
