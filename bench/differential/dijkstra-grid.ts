import { dijkstraGrid } from "webgpu-imle";
import { dijkstraGridCpu } from "webgpu-imle/testing";
import { gridMap, mapFamilies } from "../../test/support/grid-maps.js";
import { randomWhole } from "../../test/support/random.js";
import { compareStates, type Differential } from "./differential.js";

const shapes = [[12, 12], [7, 5], [32, 32], [1, 9], [20, 13], [6, 6], [64, 64], [16, 31], [2, 2], [30, 30]] as const;

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
      neighbours: Math.floor(index / shapes.length) % 2 === 0 ? 8 : 4,
      negative: random() < 0.5 ? "clamp" : "shift",
    } as const;
    const families = Object.keys(mapFamilies);
    const first = randomWhole(random, 0, families.length - 1);
    const placed = random() < 0.5;
    const place = (): [number, number] => [randomWhole(random, 0, height - 1), randomWhole(random, 0, width - 1)];

    const weights = new Float32Array(batch * size);
    const expected = new Int32Array(batch * size);
    const [starts, goals]: [number[], number[]] = [[], []];
    for (let i = 0; i < batch; i++) {
      const map = gridMap(families[(first + i) % families.length]!, random, height, width);
      const [start, goal] = placed ? [place(), place()] : [[0, 0] as const, [height - 1, width - 1] as const];
      weights.set(map, i * size);
      expected.set(dijkstraGridCpu(map, [height, width], { ...options, start, goal }).path, i * size);
      starts.push(...start);
      goals.push(...goal);
    }
    const places = (values: number[]) => engine.tensor(Int32Array.from(values), [batch, 2]);
    return compareStates({
      what: `${options.neighbours} neighbours, ${options.negative}, ${placed ? "start and goal drawn" : "corners"}`,
      solver: dijkstraGrid(options),
      weights: engine.tensor(weights, [batch, height, width]),
      ...(placed && { inputs: { start: places(starts), goal: places(goals) } }),
      expected,
    });
  },
};
