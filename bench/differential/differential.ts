/** Solvers against their twins on many instances: what a solver declares, and how it is run. */

import { type Engine, solveOutputs, type Solver, type Strategy, type Tensor } from "webgpu-imle";
import type { CountedCase } from "../benchmark.js";
import { randomSource } from "../../test/support/random.js";

/** What became of some instances that were solved and compared. */
export interface Comparison {
  /** Different instances. */
  readonly instances: number;
  /** Solutions: an instance has one by each strategy. */
  readonly solved: number;
  /** A line for each that was wrong. */
  readonly wrong: readonly string[];
}

/** A solver and where its instances come from. A new one is a file in this folder and a line in its index. */
export interface Differential {
  /** Names the row. */
  readonly name: string;
  /** How many different instances are to be compared, at least. */
  readonly instances: number;
  /**
   * Draws some instances, random or such as break careless solvers, solves and compares them. Called with index 0, 1, …
   * until there are enough, so that it can go through shapes and options in turn (every new shape may compile).
   */
  compare(engine: Engine, random: () => number, index: number): Promise<Comparison>;
}

/** A batch of instances with the states that their solver's twin gives. */
export interface Batch {
  /** What kind they are, for the line that tells of a wrong one. */
  readonly what: string;
  readonly solver: Solver;
  /** f32 [batch, ...instance] */
  readonly weights: Tensor;
  readonly inputs?: Readonly<Record<string, Tensor>>;
  /** The twin's states, one instance after the other. */
  readonly expected: ArrayLike<number>;
  /** The twin's further outputs, by name, likewise. */
  readonly outputs?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Solves a batch by each strategy that can take it; states and outputs must be the twin's to the last bit. */
export async function compareStates(batch: Batch): Promise<Comparison> {
  const { what, solver, weights, inputs, expected, outputs = {} } = batch;
  const [instances, ...instanceShape] = weights.shape as [number, ...number[]];
  const strategies = (Object.keys(solver.strategies) as Strategy[]).filter((one) => solver.fits(one, instanceShape));
  const wanted = Object.entries({ state: expected, ...outputs });
  const wrong: string[] = [];
  for (const strategy of strategies) {
    const tensors = solveOutputs(solver, weights, Object.keys(outputs), inputs, { strategy });
    const read = wanted.map(([name]) => tensors[name]!.read());
    const [reported] = (await Promise.allSettled(read)).flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    if (reported !== undefined) {
      wrong.push(`${what} [${instanceShape}] (${strategy}): ${String(reported)}`);
      continue;
    }
    const got = await Promise.all(read);
    for (let instance = 0; instance < instances; instance++) {
      const place = `${what} [${instanceShape}] (${strategy}), instance ${instance}`;
      const lines = wanted.map(([name, values], which) => difference(name, values, got[which]!, instance, instances));
      const first = lines.find((line) => line !== "");
      if (first !== undefined) wrong.push(`${place}: ${first}`);
    }
  }
  return { instances, solved: instances * strategies.length, wrong };
}

/** The first element of an instance that is not what is wanted; empty where all are. */
function difference(
  name: string,
  wanted: ArrayLike<number>,
  got: ArrayLike<number>,
  instance: number,
  instances: number,
): string {
  const size = wanted.length / instances;
  for (let i = 0; i < size; i++) {
    const [right, own] = [wanted[instance * size + i], got[instance * size + i]];
    if (right !== own) return `${name} ${i} must be ${right}, got ${own}`;
  }
  return "";
}

const seed = 1;

/**
 * The row of a solver: how many instances, how many solutions of them, how many of these are wrong, and the seed that
 * draws the instances again. Fails if any is wrong.
 */
export function differentialCase({ name, instances, compare }: Differential): CountedCase {
  return {
    name,
    async count({ engine, quick, progress }) {
      const random = randomSource(seed);
      const wanted = instances / (quick ? 10 : 1);
      const wrong: string[] = [];
      let done = 0;
      let solved = 0;
      for (let index = 0; done < wanted; index++) {
        progress(done / wanted);
        const scope = engine.openScope();
        try {
          const found = await compare(engine, random, index);
          done += found.instances;
          solved += found.solved;
          wrong.push(...found.wrong.map((line) => `batch ${index}, ${line}`));
        } finally {
          scope.close();
        }
      }
      if (wrong.length > 0) {
        throw new Error(`${wrong.length} of ${solved} solutions are wrong (seed ${seed}), the first: ${wrong[0]}`);
      }
      return Object.entries({ instances: done, solved, wrong: 0, seed }).map(([what, value]) => ({ name: what, value, unit: "" }));
    },
  };
}
