import { formatShape, must } from "../../engine/error.js";
import { constantsText, loopIterations, loopReport, sharedLength } from "../bounds.js";
import { defineSolver } from "../define.js";
import type { Solver } from "../solver.js";
import lane from "./lane.wgsl";
import matching from "./matching.wgsl";
import table from "./table.wgsl";
import warping from "./warping.wgsl";
import workgroup from "./workgroup.wgsl";

const reports = { 1: loopReport };

/** Three anti-diagonals in 16 KiB of workgroup memory. */
const mostRows = 1344;

/**
 * Dynamic time warping (Sakoe, Chiba 1978): weights are the costs [N, M] of pairing element i of one sequence with
 * element j of another. A state is the cheapest path from (0, 0) to (N − 1, M − 1) by steps of one row, one column or
 * both, a mask with every cell on it; its cost is ⟨z, c⟩. Of equal steps back the diagonal one is taken, then up.
 *
 * @throws ImleError `shape` where there is no cell, `limit` where N > 1,344 and the table has more than 60,000 cells
 */
export function timeWarping(): Solver {
  return tableSolver("timeWarping", "min", warping);
}

/**
 * Alignment of two sequences: weights are the scores [N, M] of matching element i of one with element j of the other. A
 * state is the set of matches, none crossing another and each element in one at most, with the largest ⟨z, θ⟩; elements
 * may stay alone. With a penalty g for every element that stays alone (Needleman, Wunsch 1970), pass θ + 2g. A pair is
 * matched only where that is better than not to.
 *
 * @throws ImleError `shape` where there is no cell, `limit` where N > 1,344 and the table has more than 60,000 cells
 */
export function alignment(): Solver {
  return tableSolver("alignment", "max", matching);
}

function tableSolver(name: string, sense: "min" | "max", rule: string): Solver {
  return defineSolver({
    name,
    sense,
    instanceAxes: 2,
    check: (shape) =>
      must(
        shape.every((length) => length >= 1),
        "shape",
        () => `${name}: both axes must have an element at least, got ${formatShape(shape)}`,
        "Pass a table of pairs.",
      ),
    cacheWeights: "workgroup",
    reports,
    workspace: ([rows, columns], strategy) =>
      strategy === "lane" ? columns! + rows! * Math.ceil(columns! / 16) : rows! * columns!,
    strategies: {
      lane: [{ wgsl: [rule, table, lane].join("\n") }],
      workgroup: [
        {
          wgsl: ([rows]) =>
            [constantsText({ SHARED_ROWS: sharedLength(rows!, mostRows) }), rule, table, workgroup].join("\n"),
          workgroupSize: ([rows]) => (rows! <= 64 ? 64 : 256),
        },
      ],
    },
    fits: (strategy, [rows, columns]) =>
      strategy === "lane" ? rows! * columns! + 2 * (rows! + columns!) <= loopIterations : rows! <= mostRows,
  });
}
