import type { Engine, Solver } from "webgpu-imle";
import { type CheckInstance, drawInstance, type Random, uploadInstances } from "webgpu-imle/testing";
import { type Comparison, compareStates, type Differential } from "./differential.js";

/** A solver, what its instances look like, and its twin. Weights go through the families of `checkSolver`. */
export interface Subject {
  readonly solver: Solver;
  readonly shapes: readonly (readonly number[])[];
  readonly inputs?: (random: Random, shape: readonly number[]) => Readonly<Record<string, ArrayLike<number>>>;
  readonly twin: (instance: CheckInstance) => ArrayLike<number>;
}

const mostElements = 40_000;

/** A differential row that goes through the shapes of its subjects in turn. */
export function drawnDifferential(name: string, instances: number, subjects: readonly Subject[]): Differential {
  const all = subjects.flatMap((subject) => subject.shapes.map((shape) => ({ subject, shape })));
  return {
    name,
    instances,
    async compare(engine: Engine, random, index): Promise<Comparison> {
      const { subject, shape } = all[index % all.length]!;
      const { solver, inputs, twin } = subject;
      const seed = Math.floor(2 ** 32 * random());
      const batch = Math.min(400, Math.ceil(mostElements / shape.reduce((a, b) => a * b, 1)));
      const drawn = Array.from({ length: batch }, (_, number) =>
        drawInstance(solver, inputs ? { inputs } : {}, shape, seed, number),
      );
      const given = uploadInstances(engine, solver, drawn);
      const expected = drawn.flatMap((instance) => Array.from(twin(instance)));
      return compareStates({ what: name, solver, ...given, expected });
    },
  };
}
