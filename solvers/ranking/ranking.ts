import { formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { constantsText, sharedLength } from "../bounds.js";
import { defineSolver } from "../define.js";
import type { Solver } from "../solver.js";
import count from "./count.wgsl";
import laneCount from "./lane-count.wgsl";
import laneKeep from "./lane-keep.wgsl";
import workgroup from "./workgroup.wgsl";

/** Options of {@link ranking}. */
export interface RankingOptions {
  /** Which weight has rank 1. By default the smallest. */
  readonly first?: "smallest" | "largest";
  /** Ranks as whole numbers, or as a permutation matrix. By default `ranks`. */
  readonly output?: "ranks" | "permutation";
}

/** Longest row whose weights fit 16 KiB of workgroup memory. */
const onChip = 4096;

const emitText = {
  ranks: "emit(i, i32(rank));",
  permutation: "emit((rank - 1u) * size() + i, 1);",
} as const;

/**
 * Ranks of n weights, from 1; ties go to the lower index. The last axis is the instance.
 *
 * With `first: "smallest"` the ranks are argmax ⟨z, θ⟩ over the permutations z of 1 … n; with `first: "largest"`, as
 * ranking losses count, they are argmin ⟨z, θ⟩: the solver then minimises, and θ are what it calls costs (Rolínek et al.
 * 2020). `output: "permutation"` gives the matrix P [n, n] with P[r − 1, i] = 1 where i has rank r, so that P·θ is
 * sorted; its states have another shape than its weights, so it has no gradient (`assignment` has).
 *
 * @throws ImleError `value` where an option is not one of these
 */
export function ranking(options: RankingOptions = {}): Solver {
  requireOptions("ranking", options, ["first", "output"]);
  const { first = "smallest", output = "ranks" } = options;
  must(
    first === "smallest" || first === "largest",
    "value",
    () => `ranking: first must be smallest or largest, got ${formatValue(first)}`,
    "Say which weight has rank 1.",
  );
  must(
    output === "ranks" || output === "permutation",
    "value",
    () => `ranking: output must be ranks or permutation, got ${formatValue(output)}`,
    "Leave it out for ranks.",
  );
  const shared = [
    `const LARGEST_FIRST = ${first === "largest"};`,
    `fn emit_rank(i: u32, rank: u32) { ${emitText[output]} }`,
    count,
  ].join("\n");
  const blocks = ([n]: readonly number[]): number => Math.ceil(n! / 4);
  return defineSolver({
    name: "ranking",
    sense: first === "smallest" ? "max" : "min",
    check: ([n]) =>
      must(
        n! <= 2 ** 16,
        "limit",
        () => `ranking: a row must have at most 65,536 weights, got ${n}`,
        "Rank shorter rows.",
      ),
    ...(output === "ranks"
      ? { emitsEvery: true, maximumState: ([n]: readonly number[]) => n! }
      : { stateShape: ([n]: readonly number[]) => [n!, n!] }),
    workspace: (shape, strategy) => (strategy === "lane" ? 4 * blocks(shape) : 0),
    workspaceUnit: "vec4u",
    strategies: {
      lane: [
        { wgsl: laneKeep, parts: blocks },
        { wgsl: [shared, laneCount].join("\n"), parts: blocks },
      ],
      workgroup: [
        {
          wgsl: (shape) =>
            [constantsText({ BLOCKS: sharedLength(blocks(shape), onChip / 4) }), shared, workgroup].join("\n"),
          workgroupSize: ([n]) => (n! <= 256 ? 64 : 256),
        },
      ],
    },
    fits: (strategy, [n]) => strategy === "lane" || n! <= onChip,
  });
}
