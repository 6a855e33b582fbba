import { formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { constantsText, loopIterations, sharedLength } from "../bounds.js";
import { defineSolver } from "../define.js";
import type { Solver, SolverReport } from "../solver.js";
import graph from "./graph.wgsl";
import lane from "./lane.wgsl";
import workgroup from "./workgroup.wgsl";

/** Options of {@link shortestPath}. */
export interface ShortestPathOptions {
  /** How many vertices the graph has. */
  readonly vertices: number;
  /** What costs below zero are: 0, or an error at the next read. By default `clamp`. */
  readonly negative?: "clamp" | "error";
}

const reports: Readonly<Record<number, SolverReport>> = {
  1: { must: "costs must not be negative", fix: 'Pass negative: "clamp", or costs from 0.' },
  2: { must: "the goal must be reachable from the start", fix: "The state is all zeros; add edges." },
  3: { must: "offsets must rise from 0 to the number of edges, and targets be vertices", fix: "Check the graph." },
  4: { must: "start and goal must be vertices of the graph", fix: "Number vertices from 0 to vertices − 1." },
  5: { must: "the search must end within its bounds", fix: "Use the other strategy, or smaller graphs." },
};

/** Distances and hops in 16 KiB of workgroup memory. */
const mostVertices = 2000;
const mostRepeats = 64;

/**
 * The shortest path in a directed graph between two vertices, exactly: weights are the costs of its edges [m], a state
 * is the mask of the edges on the path. Of paths of equal distance (in f32, summed from the goal) one with the fewest
 * edges is taken, and of those, from the start on, the edges of lowest index.
 *
 * Inputs, of each instance or, without batch axes, of all: the graph in CSR form, `offsets`, i32 [vertices + 1], and
 * `targets`, i32 [m]: edges offsets[v] … offsets[v + 1] − 1 lead from v to their targets; optional `start` (by default
 * 0) and `goal` (vertices − 1), i32 []. An undirected edge is two.
 *
 * @throws ImleError `value` where an option is out of its range, `limit` where the graph is too large
 */
export function shortestPath(options: ShortestPathOptions): Solver {
  requireOptions("shortestPath", options, ["vertices", "negative"]);
  const { vertices, negative = "clamp" } = options;
  must(
    Number.isInteger(vertices) && vertices >= 1 && vertices <= mostVertices,
    "value",
    () => `shortestPath: vertices must be a whole number from 1 to ${mostVertices}, got ${formatValue(vertices)}`,
    "Pass how many vertices the graph has.",
  );
  must(
    negative === "clamp" || negative === "error",
    "value",
    () => `shortestPath: negative must be clamp or error, got ${formatValue(negative)}`,
    "Leave it out to take costs below zero for zero.",
  );
  /** Sweeps over all vertices and edges that an invocation's loops may make at once. */
  const sweepsOf = ([m]: readonly number[]): number => Math.floor(loopIterations / (m! + 2 * vertices));
  const repeat = (shape: readonly number[]): number => Math.ceil((vertices + 1) / sweepsOf(shape));
  const policy = `const NEGATIVE_IS_ERROR = ${negative === "error"};`;
  const text = (...pieces: readonly string[]): string => [policy, graph, ...pieces].join("\n");
  const laneText = (solve: string): string =>
    text(constantsText({ LOOP_ITERATIONS: loopIterations }), lane, `fn solve() { ${solve} }`);
  const onChip = constantsText({ SHARED_VERTICES: sharedLength(vertices, mostVertices) });
  return defineSolver({
    name: "shortestPath",
    sense: "min",
    parameters: { vertices: { type: "u32", value: vertices } },
    inputs: {
      offsets: { dtype: "i32", shape: () => [vertices + 1] },
      targets: { dtype: "i32", shape: ([m]) => [m!] },
      start: { dtype: "i32", shape: () => [], optional: true },
      goal: { dtype: "i32", shape: () => [], optional: true },
    },
    workspace: ([m], strategy) => 4 * Math.ceil(m! / 4) + (strategy === "lane" ? 2 * vertices + 1 : 0),
    reports,
    strategies: {
      lane: [
        { wgsl: laneText("begin();") },
        { wgsl: laneText("sweep(false);"), repeat },
        { wgsl: laneText("check_settled(); work_store(settled_at(), 0u);") },
        { wgsl: laneText("sweep(true);"), repeat },
        { wgsl: laneText("check_settled(); follow_path(start_vertex(), goal_vertex());") },
      ],
      workgroup: [{ wgsl: text(onChip, workgroup), workgroupSize: vertices <= 64 ? 64 : 256 }],
    },
    fits: (strategy, shape) => strategy === "workgroup" || (sweepsOf(shape) >= 1 && repeat(shape) <= mostRepeats),
  });
}
