import type { Engine } from "../engine/engine.js";
import type { Tensor } from "../engine/tensor.js";
import { usesWorkspace } from "./compose.js";
import type { EmitMode } from "./emit.js";
import type { Batch, Solver, Strategy } from "./solver.js";
import type { WeightSource } from "./weights.js";

/** What becomes of the mean of an instance's states: itself, or its distance from other states. */
export interface Finish {
  /** `scale · (mean of base − mean)` instead of the mean. */
  readonly scale: number;
  /** f32, means of the states' shape, or `baseSamples` states an instance, before the axes of a state. */
  readonly base: Tensor;
  readonly baseSamples: number;
}

/** lavapipe ends an invocation's loops after 65,535 iterations altogether; some are the library's own. */
const mostIterations = 60_000;

/** Instances from which on one invocation may solve all samples of its own: fewer would leave processors idle. */
const fewestInstances = { software: 32, hardware: 65_536 } as const;

/** What is known of a call before it is decided how states are added up. */
export interface MeanFacts {
  readonly engine: Engine;
  readonly solver: Solver;
  readonly strategy: Strategy;
  /** Whether an invocation or a workgroup does all of an instance in one pass. */
  readonly undivided: boolean;
  readonly batch: Batch;
  readonly stateSize: number;
  readonly samples: number;
  readonly source: WeightSource;
  /** Whether a solve may begin with zeros. */
  readonly zeros: boolean;
}

/**
 * How the mean over samples can be taken where the states are made, without counting them in memory first: `final`,
 * where every state is written once, or zeros before, and is the only one, or `sum`, where one invocation solves all samples of an
 * instance. Null where neither is possible.
 */
export function meanMode(facts: MeanFacts): Extract<EmitMode, "final" | "sum"> | null {
  const { engine, solver, strategy, undivided, batch, stateSize, samples, zeros } = facts;
  if (storageBuffers(facts) > engine.device.limits.maxStorageBuffersPerShaderStage) return null;
  if (samples === 1 && (zeros || emitsEvery(solver, batch.instanceShape, strategy))) return "final";
  const own = solver.loopIterations?.(batch.instanceShape);
  if (strategy !== "lane" || !undivided || own === undefined) return null;
  // Ten rounds of Philox a block of four weights, where a compiler keeps them as a loop.
  const iterations = samples * (1 + own + 10 * Math.ceil(batch.size / 4)) + 2 * stateSize;
  const fewest = engine.software ? fewestInstances.software : fewestInstances.hardware;
  return iterations <= mostIterations && (samples === 1 || batch.instances >= fewest) ? "sum" : null;
}

/** Whether a strategy emits every state exactly once, zeros too. */
export function emitsEvery(solver: Solver, instanceShape: readonly number[], strategy: Strategy): boolean {
  const { emitsEvery: every } = solver;
  return typeof every === "function" ? every(instanceShape, strategy) : every;
}

function storageBuffers({ solver, strategy, batch, source }: MeanFacts): number {
  const tables = Object.values(source.tables).filter(({ asUniform }) => !asUniform).length;
  const read = 1 + Object.keys(source.rows).length + tables + Object.keys(source.words).length;
  const inputs = Object.keys(solver.inputs).length > 0;
  const author = [inputs, usesWorkspace(solver, strategy, batch.instanceShape, []), solver.reports || source.reports];
  return read + author.filter(Boolean).length + 2; // and the output, and the base
}
