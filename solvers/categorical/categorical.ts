import { must } from "../../engine/error.js";
import { defineSolver } from "../define.js";
import type { Solver } from "../solver.js";
import lane from "./lane.wgsl";
import scan from "./scan.wgsl";
import workgroup from "./workgroup.wgsl";

/** Longest row of a lane: lavapipe ends an invocation's loops after 65,535 iterations, of four weights each. */
const longestLane = 4 * 65_000;

/** On a GPU one invocation a row is enough for rows this short, if there are rows enough to fill it. */
const shortRow = 64;

/**
 * One of n: a state is a mask with a single 1 on the largest weight (ties: the lowest index; −0 counts as +0). The last
 * axis of the weights is the instance, all before it are batch. With Gumbel noise of temperature 1 its samples are those
 * of the categorical distribution softmax(θ) (the Gumbel-max trick; Gumbel 1954).
 */
export function categorical(): Solver {
  return defineSolver({
    name: "categorical",
    sense: "max",
    check: ([n]) =>
      must(
        n! >= 1,
        "shape",
        () => `categorical: the last axis must have a weight at least, got ${n}`,
        "Pass rows of weights.",
      ),
    strategies: {
      lane: [{ wgsl: [scan, lane].join("\n") }],
      workgroup: [{ wgsl: [scan, workgroup].join("\n"), workgroupSize: 256 }],
    },
    fits: (strategy, [n]) => strategy === "workgroup" || n! <= longestLane,
    choose: ({ size, jobs, software }) => (software || (size <= shortRow && jobs >= 4096) ? "lane" : "workgroup"),
  });
}
