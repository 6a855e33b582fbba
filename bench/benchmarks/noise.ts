/**
 * What a law of noise costs: drawn where it is used, as in a solver, and written to memory. The former is a law's real
 * price, a share of bare uniforms; the latter is bound by memory wherever drawing is quick.
 */

import { drawNoise } from "webgpu-imle";
import type { Benchmark, TimedCase } from "../benchmark.js";
import { drawInRegisters, expectMean, type Law, laws, uniformLaw } from "../draws.js";

const instances = 1024;
const length = 1024;

const inRegisters = (law: Law): TimedCase => ({
  name: `${law.name}, in registers`,
  headline: law === laws.at(-1),
  prepare: (engine) => drawInRegisters(engine, law),
});

const inMemory = (law: Law): TimedCase => ({
  name: `${law.name}, drawNoise [${instances}, 1, ${length}]`,
  prepare(engine) {
    const noise = law.noise();
    const draws = instances * length;
    const draw = (): ReturnType<typeof drawNoise> =>
      drawNoise(engine, noise, [instances, 1, length], { seed: 1, stream: 2, call: 3 });
    return {
      work: { draws, bytes: 4 * draws },
      unit: () => void draw(),
      async verify() {
        let sum = 0;
        for (const value of await draw().read()) sum += value;
        expectMean(law, sum, draws);
      },
    };
  },
});

export const noise: Benchmark = {
  name: "noise",
  summary: "draws a second of each law, in registers (as solvers use it) and written to memory",
  cases: [...laws.map(inRegisters), ...[uniformLaw, ...laws].map(inMemory)],
};
