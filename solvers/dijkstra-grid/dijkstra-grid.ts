import { formatShape, formatValue, must } from "../../engine/error.js";
import { defineSolver } from "../define.js";
import type { ChoiceFacts, Solver, SolverReport, Strategy } from "../solver.js";
import costs from "./costs.wgsl";
import directions from "./directions.wgsl";
import lane from "./lane.wgsl";
import laneRows from "./lane-rows.wgsl";
import { rowText } from "./rows.js";
import trace from "./trace.wgsl";
import { blocksText } from "./workgroup-blocks.js";
import workgroup from "./workgroup.wgsl";

/** What becomes of costs below zero. */
export type NegativeCosts = "clamp" | "shift" | "error";

/** Options of {@link dijkstraGrid}. */
export interface DijkstraGridOptions {
  /** Cells that one step reaches: 4 across edges, 8 across corners too. By default 8. */
  readonly neighbours?: 4 | 8;
  /**
   * Costs below zero, as they reach the solver (with the noise, in both passes): `clamp` takes them for 0, `shift`
   * lifts all costs of the instance by as much as its least lies below 0, `error` takes them for 0 and rejects the next
   * read. By default `clamp`.
   */
  readonly negative?: NegativeCosts;
}

/** Longest side: positions in the trace's queue have twelve bits. */
const longestSide = 64;

/** Words of workgroup memory, of the 4,096 that every adapter has, that are left to the grid. */
const sharedWords = 4090;

/** A block of four cells for a lane, up to 256 lanes, which all adapters have. */
const workgroupSizeFor = (cells: number): number => Math.min(32 * Math.ceil(cells / 128), 256);

/** On a GPU, one invocation an instance is enough for grids this small, if there are enough of them to fill it. */
const smallGrid = 64;

/**
 * Steps over rows, and turns of the trace, before the lane strategy gives up: lavapipe ends an invocation's loops after
 * 65,535 iterations, and its other loops need up to 6,300. The worst maze known, 64 by 64, takes 16,000.
 */
const mostSteps = 59_000;

const policies: Readonly<Record<NegativeCosts, number>> = { clamp: 0, shift: 1, error: 2 };

const reportCodes = { REPORT_NEGATIVE: 1, REPORT_OUTSIDE: 2, REPORT_BOUND: 3 } as const;

const reports: Readonly<Record<number, SolverReport>> = {
  [reportCodes.REPORT_NEGATIVE]: {
    must: "costs must not be negative",
    fix: "Keep them positive (softplus, abs), or take negative: \"clamp\" or \"shift\".",
  },
  [reportCodes.REPORT_OUTSIDE]: {
    must: "start and goal must be (row, column) inside the grid",
    fix: "Rows count from 0 to H − 1, columns from 0 to W − 1.",
  },
  [reportCodes.REPORT_BOUND]: {
    must: `a path must be found within ${mostSteps} steps over rows`,
    fix: "Take the workgroup strategy, or smaller grids.",
  },
};

/**
 * The cheapest path on a grid of costs [...batch, H, W]: a state is 1 on the path's cells, both ends counted, else 0.
 * Exact: distances are those of Dijkstra's algorithm in f32, and of equally cheap paths the one whose cells come, from
 * the goal backwards, each from the neighbour that is least by (distance, hops, index).
 *
 * Costs are taken as f32 from 0 to 1e34 (more counts as 1e34, less than 2⁻¹²⁶ as 0). Sides are at most 64.
 * Inputs, both optional, i32 [...batch, 2], (row, column): `start`, by default (0, 0), and `goal`, by default
 * (H − 1, W − 1).
 *
 * @throws ImleError `value` for options, `shape` or `limit` for grids without cells or above 64 by 64
 */
export function dijkstraGrid(options: DijkstraGridOptions = {}): Solver {
  const { neighbours = 8, negative = "clamp" } = options;
  must(
    neighbours === 4 || neighbours === 8,
    "value",
    () => `dijkstraGrid: neighbours must be 4 or 8, got ${formatValue(neighbours)}`,
    "8 allows steps across corners.",
  );
  must(
    Object.hasOwn(policies, negative),
    "value",
    () => `dijkstraGrid: negative must be clamp, shift or error, got ${formatValue(negative)}`,
    "Leave it out to take costs below zero for 0.",
  );
  const place = { dtype: "i32", shape: () => [2], optional: true } as const;
  return defineSolver({
    name: "dijkstraGrid",
    sense: "min",
    instanceAxes: 2,
    parameters: { negative: { type: "u32", value: policies[negative] } },
    inputs: { start: place, goal: place },
    check,
    workspace: ([height, width], strategy) => (strategy === "lane" ? 8 * height! * Math.ceil(width! / 4) : 0),
    workspaceUnit: "vec4u",
    strategies: {
      lane: [{ wgsl: ([height, width]) => laneText(height!, width!, neighbours) }],
      workgroup: [
        {
          wgsl: ([height, width]) => workgroupText(height!, width!, neighbours),
          workgroupSize: ([height, width]) => workgroupSizeFor(height! * width!),
        },
      ],
    },
    fits: (strategy, [height, width]) => strategy === "lane" || sharedFor(height!, width!) <= sharedWords,
    choose,
    reports,
  });
}

function check(shape: readonly number[]): void {
  const [height, width] = shape as [number, number];
  must(
    height >= 1 && width >= 1,
    "shape",
    () => `dijkstraGrid: a grid must have at least one cell, got ${formatShape(shape)}`,
    "Pass costs of shape [...batch, H, W].",
  );
  must(
    height <= longestSide && width <= longestSide,
    "limit",
    () => `dijkstraGrid: a grid must be at most ${longestSide} by ${longestSide}, got ${formatShape(shape)}`,
    "Use smaller grids.",
  );
}

function choose({ size, jobs, software }: ChoiceFacts): Strategy {
  return software || (size <= smallGrid && jobs >= 4096) ? "lane" : "workgroup";
}

function laneText(height: number, width: number, neighbours: 4 | 8): string {
  const blocks = Math.ceil(width / 4);
  const sizes = { PITCH: 4 * blocks, ROW_BLOCKS: blocks, QUEUE: 4 * blocks * height, MOST_STEPS: mostSteps };
  const rows = rowText(width, neighbours);
  return [constantsText(height, width, sizes), costs, rows, trace, directions, laneRows, lane].join("\n");
}

function workgroupText(height: number, width: number, neighbours: 4 | 8): string {
  const blocks = Math.ceil((height * width) / 4);
  // Turns of a lane between barriers; on GPUs a barrier costs about as much as one.
  const sizes = { PITCH: width, BLOCKS: blocks, SHARED_WORDS: sharedFor(height, width), TURNS: 4 };
  const own = blocksText(width, neighbours, Math.ceil(blocks / workgroupSizeFor(height * width)));
  return [constantsText(height, width, sizes), costs, own, trace, workgroup].join("\n");
}

/** Words for distances with their ring, and later for directions and queue. */
function sharedFor(height: number, width: number): number {
  const cells = height * width;
  return Math.max((height + 2) * (width + 2), Math.ceil(cells / 4) + cells);
}

function constantsText(height: number, width: number, sizes: Readonly<Record<string, number>>): string {
  const values = { HEIGHT: height, WIDTH: width, ...sizes, ...reportCodes };
  return Object.entries(values).map(([name, value]) => `const ${name}: u32 = ${value}u;`).join("\n");
}
