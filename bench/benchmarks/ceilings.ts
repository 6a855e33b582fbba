/** What the adapter can do at best: other rows are given as shares of these. */

import type { Engine } from "webgpu-imle";
import { type Benchmark, expectClose, type Prepared, type TimedCase, type Work } from "../benchmark.js";
import { drawInRegisters, uniformLaw } from "../draws.js";
import {
  barriers,
  copyTensor,
  logarithmCount,
  logarithmResult,
  logarithms,
  multiplyAdd,
  multiplyAddOperations,
  multiplyAddResult,
  type Repeatable,
} from "../kernels.js";

/** A dispatch whose every number is known. */
function prepared({ record, result }: Repeatable, work: Work, wanted: (index: number) => number): Prepared {
  const verify = async (): Promise<void> => {
    record();
    const values = await result.read();
    for (const index of [0, 1, values.length >> 1, values.length - 1]) {
      expectClose(`number ${index}`, values[index]!, wanted(index));
    }
  };
  return { work, unit: record, verify };
}

// Enough lanes for a GPU, and no more than a processor does in some tens of milliseconds.
const lanesFor = ({ software }: Engine): number => (software ? 1 << 14 : 1 << 20);

/** Eight chains are too few where one is slow, sixteen too many where registers are few: the quicker is the ceiling. */
const multiplyAddCase = (name: string, chains: 8 | 16): TimedCase => ({
  name,
  ceiling: "operations",
  prepare(engine) {
    const rounds = 16;
    const lanes = lanesFor(engine);
    const work = { operations: multiplyAddOperations(lanes, rounds) };
    return prepared(multiplyAdd(engine, lanes, rounds, chains), work, () => multiplyAddResult);
  },
});

/**
 * A copy larger than caches, and one that fits many; a vector a lane, as suits a GPU, and a block of them, since a
 * processor needs a while to start a lane and to find its place: the quickest is the ceiling.
 */
const copyCase = (mebibytes: number, block: 1 | 8): TimedCase => ({
  name: `copy ${mebibytes} MiB, ${block === 1 ? "vec4" : `${block} vec4 a lane`}`,
  ceiling: "bytes",
  prepare(engine) {
    const bytes = mebibytes * 2 ** 20;
    const source = engine.uniform([bytes / 4]);
    const repeatable = copyTensor(engine, source, block);
    return {
      work: { bytes: 2 * bytes },
      unit: repeatable.record,
      async verify() {
        repeatable.record();
        const [wanted, got] = await Promise.all([source.read(), repeatable.result.read()]);
        const wrong = got.findIndex((value, i) => value !== wanted[i]);
        if (wrong >= 0) throw new Error(`copy: number ${wrong} must be ${wanted[wrong]}, got ${got[wrong]}`);
      },
    };
  },
});

const logarithmCase: TimedCase = {
  name: "logarithm, vec4",
  ceiling: "logarithms",
  prepare(engine) {
    const rounds = 32;
    const lanes = lanesFor(engine);
    const work = { logarithms: logarithmCount(lanes, rounds) };
    return prepared(logarithms(engine, lanes, rounds), work, () => logarithmResult);
  },
};

const barrierCase: TimedCase = {
  name: "barrier, 64 lanes",
  ceiling: "barriers",
  prepare(engine) {
    const rounds = 64;
    const workgroups = engine.software ? 64 : 1 << 14;
    const wanted = (index: number): number => ((index % 64) + rounds) % 64;
    return prepared(barriers(engine, workgroups, rounds), { barriers: workgroups * rounds }, wanted);
  },
};

const drawCase: TimedCase = {
  name: "uniform draws in registers",
  ceiling: "draws",
  prepare: (engine) => drawInRegisters(engine, uniformLaw),
};

// The smallest dispatch, recorded like any other: what a chain of small operations cannot go below.
const dispatchCase: TimedCase = {
  name: "dispatch of one workgroup",
  ceiling: "dispatches",
  prepare: (engine) => prepared(barriers(engine, 1, 1), { dispatches: 1 }, (index) => ((index % 64) + 1) % 64),
};

export const ceilings: Benchmark = {
  name: "ceilings",
  summary: "what the adapter can do: multiply-adds, bytes, logarithms, barriers, random numbers, dispatches",
  cases: [
    multiplyAddCase("multiply-add, vec4", 8),
    multiplyAddCase("multiply-add, vec4, 16 chains", 16),
    copyCase(64, 1),
    copyCase(64, 8),
    copyCase(4, 1),
    copyCase(4, 8),
    logarithmCase,
    barrierCase,
    drawCase,
    dispatchCase,
  ],
};
