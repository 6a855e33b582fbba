import { dijkstraGrid, type Tensor } from "webgpu-imle";
import { dijkstraGridCpu } from "webgpu-imle/testing";
import { gridMap, mapFamilies } from "../../test/support/grid-maps.js";
import { randomWhole } from "../../test/support/random.js";
import { compareStates, type Differential } from "./differential.js";

/** The last two in tiles. */
const shapes = [
  ...([[12, 12], [7, 5], [32, 32], [1, 9], [20, 13], [6, 6], [64, 64], [16, 31], [2, 2], [30, 30]] as const),
  ...([[65, 130], [200, 99]] as const),
] as const;

/** Gone through in turn: every one compiles. */
const steps = [
  { neighbours: 8, diagonalCost: "same", countStart: true },
  { neighbours: 4, diagonalCost: "same", countStart: false },
  { neighbours: 8, diagonalCost: "euclidean", countStart: true },
] as const;

/** Batches of about as much work each. */
const batchOf = (cells: number): number => Math.min(400, Math.ceil(60_000 / cells));

export const dijkstraGridDifferential: Differential = {
  name: "dijkstra-grid",
  instances: 20_000,
  compare(engine, random, index) {
    const [height, width] = shapes[index % shapes.length]!;
    const size = height * width;
    const batch = batchOf(size);
    const options = {
      ...steps[Math.floor(index / shapes.length) % steps.length]!,
      negative: random() < 0.5 ? "clamp" : "shift",
    } as const;
    const families = Object.keys(mapFamilies);
    const first = randomWhole(random, 0, families.length - 1);
    const placed = random() < 0.5;
    const place = (): [number, number] => [randomWhole(random, 0, height - 1), randomWhole(random, 0, width - 1)];

    const weights = new Float32Array(batch * size);
    const expected = new Int32Array(batch * size);
    const [starts, goals]: [number[], number[]] = [[], []];
    const [costs, hops] = [new Float32Array(batch), new Int32Array(batch)];
    const distances = new Float32Array(batch * size);
    const closed = random() < 0.3;
    const obstacles = Float32Array.from({ length: batch * size }, () => (closed && random() < 0.3 ? 1 : 0));
    for (let i = 0; i < batch; i++) {
      const map = gridMap(families[(first + i) % families.length]!, random, height, width);
      const [start, goal] = placed ? [place(), place()] : [[0, 0] as const, [height - 1, width - 1] as const];
      weights.set(map, i * size);
      const own = obstacles.subarray(i * size, (i + 1) * size);
      const twin = dijkstraGridCpu(map, [height, width], { ...options, start, goal, obstacles: own });
      expected.set(twin.path, i * size);
      distances.set(twin.distances, i * size);
      costs[i] = twin.cost;
      hops[i] = twin.hops[goal[0] * width + goal[1]]!;
      starts.push(...start);
      goals.push(...goal);
    }
    const places = (values: number[]) => engine.tensor(Int32Array.from(values), [batch, 2]);
    const ends: Record<string, Tensor> = placed ? { start: places(starts), goal: places(goals) } : {};
    return compareStates({
      what: [...Object.values(options), placed ? "start and goal drawn" : "corners", closed ? "obstacles" : ""].join(" "),
      solver: dijkstraGrid(options),
      weights: engine.tensor(weights, [batch, height, width]),
      inputs: { ...ends, ...(closed && { obstacles: engine.tensor(obstacles, [batch, height, width]) }) },
      expected,
      // Without distances, those that do not matter to the path are left inexact.
      outputs: { cost: costs, hops, ...(random() < 0.5 && { distance: distances }) },
    });
  },
};
