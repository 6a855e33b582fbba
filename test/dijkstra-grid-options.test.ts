import { dijkstraGrid, type DijkstraGridOptions, givenNoise, perturbAndMap, solve, solveOutputs, type Strategy } from "webgpu-imle";
import { dijkstraGridCpu, type GridPathOptions } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { gridMap, leastByEnumeration, mapFamilies, pathByDefinition } from "./support/grid-maps.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const test = suite("options and outputs of dijkstra-grid");
const engine = await testEngine();
const { fround } = Math;

/** Maps of all families with their inputs, [n, H, W]. */
interface Instances {
  readonly shape: readonly [number, number, number];
  readonly costs: Float32Array<ArrayBuffer>;
  readonly obstacles: Float32Array<ArrayBuffer>;
  readonly start: Int32Array<ArrayBuffer>;
  readonly goal: Int32Array<ArrayBuffer>;
}

function drawInstances(seed: number, height: number, width: number, each: number, obstacles: number): Instances {
  const random = randomSource(seed);
  const families = Object.keys(mapFamilies).flatMap((family) => Array.from({ length: each }, () => family));
  const count = families.length;
  const size = height * width;
  const costs = new Float32Array(count * size);
  families.forEach((family, i) => costs.set(gridMap(family, random, height, width), i * size));
  const places = (): Int32Array<ArrayBuffer> =>
    Int32Array.from({ length: 2 * count }, (_, i) => randomWhole(random, 0, (i % 2 === 0 ? height : width) - 1));
  return {
    shape: [count, height, width],
    costs,
    obstacles: Float32Array.from({ length: count * size }, () => (random() < obstacles ? 0.5 : 0)),
    start: places(),
    goal: places(),
  };
}

const allOutputs = ["cost", "hops", "distance"] as const;

/** Compares state and outputs, all by default, of every instance with the twin's, to the last bit. */
async function compareAll(
  instances: Instances,
  options: DijkstraGridOptions,
  strategy?: Strategy,
  names: readonly (typeof allOutputs)[number][] = allOutputs,
): Promise<void> {
  const { shape, costs, obstacles, start, goal } = instances;
  const [count, height, width] = shape;
  const size = height * width;
  const inputs = {
    start: engine.tensor(start, [count, 2]),
    goal: engine.tensor(goal, [count, 2]),
    obstacles: engine.tensor(obstacles, shape),
  };
  const chosen = strategy ? { strategy } : {};
  const tensors = solveOutputs(dijkstraGrid(options), engine.tensor(costs, shape), names, inputs, chosen);
  assert.equal([tensors.state.shape, tensors.cost.shape, tensors.hops.dtype], [shape, [count], "i32"]);
  const [state, cost, hops, distance] = await Promise.all([
    tensors.state.read(),
    tensors.cost.read(),
    tensors.hops.read<"i32">(),
    names.includes("distance") ? tensors.distance.read() : null,
  ]);
  for (let i = 0; i < count; i++) {
    const place = [i * size, (i + 1) * size] as const;
    const places = { start: pair(start, i), goal: pair(goal, i), obstacles: obstacles.subarray(...place) };
    const twin = dijkstraGridCpu(costs.subarray(...place), [height, width], {
      ...(options as GridPathOptions),
      ...places,
    });
    const what = `${JSON.stringify(options)} ${strategy ?? ""} ${height} × ${width}, map ${i}`;
    if (distance) assert.is(firstDifference(distance.subarray(...place), twin.distances), -1, `${what}: distance`);
    assert.is(firstDifference(state.subarray(...place), twin.path), -1, `${what}: path`);
    assert.is(cost[i], twin.cost, `${what}: cost`);
    assert.is(hops[i], twin.hops[places.goal[0] * width + places.goal[1]], `${what}: hops`);
  }
}

const pair = (places: Int32Array, i: number): [number, number] => [places[2 * i]!, places[2 * i + 1]!];

const firstDifference = (got: ArrayLike<number>, wanted: ArrayLike<number>): number =>
  Array.from(wanted).findIndex((value, i) => value !== got[i]);

test("the twin's cost is the least of all simple paths, with √2 for corners and around obstacles", () => {
  const random = randomSource(21);
  let cutOff = 0;
  for (const [height, width] of [[2, 2], [3, 3], [2, 5], [4, 3]] as const) {
    for (const euclidean of [false, true]) {
      for (let map = 0; map < 12; map++) {
        const size = height * width;
        const costs = Float32Array.from({ length: size }, () => randomWhole(random, 0, 9));
        const obstacles = Float32Array.from({ length: size }, () => (random() < 0.3 ? 1 : 0));
        const closed = costs.map((cost, i) => (obstacles[i] === 0 ? cost : Infinity));
        const rule = { neighbours: 8, euclidean, round: (x: number) => x } as const;
        const least = leastByEnumeration(closed, height, width, rule);
        const diagonalCost = euclidean ? "euclidean" : "same";
        const { cost, path, hops } = dijkstraGridCpu(costs, [height, width], { diagonalCost, obstacles });
        assert.ok(cost === least || Math.abs(cost - least) < 1e-4, `${cost} must be ${least}`);
        assert.is(hops[size - 1]! + 1, path.reduce((sum, value) => sum + value, 0), "a path of n steps has n + 1 cells");
        if (least === Infinity) cutOff++;
      }
    }
  }
  assert.ok(cutOff > 10, "some goals cannot be reached");
});

test("the twin's distances, hops and path are those of the definition, with √2 for corners and around obstacles", () => {
  const random = randomSource(22);
  for (const family of Object.keys(mapFamilies)) {
    for (const [height, width] of [[3, 4], [12, 12]] as const) {
      for (const diagonalCost of ["same", "euclidean"] as const) {
        const map = gridMap(family, random, height, width);
        const obstacles = map.map(() => (random() < 0.2 ? 1 : 0));
        const costs = map.map((cost, i) => (obstacles[i] ? Infinity : Math.min(Math.max(cost, 0), 1e31)));
        const own = dijkstraGridCpu(map, [height, width], { diagonalCost, obstacles });
        const rule = { neighbours: 8, euclidean: diagonalCost === "euclidean" } as const;
        const expected = pathByDefinition(costs, height, width, rule);
        const what = `${family} ${height} × ${width} ${diagonalCost}`;
        assert.equal([...own.distances], [...expected.distances], `${what}: distances`);
        assert.equal([...own.hops].map((hops) => (hops < 0 ? Infinity : hops)), [...expected.hops], `${what}: hops`);
        assert.equal(own.path, expected.path, `${what}: path`);
      }
    }
  }
});

for (const strategy of ["lane", "workgroup"] as const) {
  test(`${strategy}: path, cost, hops and distances are the twin's for every option, with obstacles`, async () => {
    await compareAll(drawInstances(23, 9, 10, 3, 0.2), {}, strategy);
    await compareAll(drawInstances(24, 12, 12, 3, 0.1), { diagonalCost: "euclidean", negative: "shift" }, strategy);
    await compareAll(drawInstances(25, 5, 7, 3, 0), { diagonalCost: "euclidean", countStart: false }, strategy);
    await compareAll(drawInstances(26, 6, 4, 3, 0.3), { neighbours: 4, countStart: false }, strategy);
  });

  test(`${strategy}: a goal that cannot be reached has an empty path that costs Infinity, and nothing is rejected`, async () => {
    const costs = engine.ones([4, 3, 4]);
    const wall = [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0];
    const atStart = wall.map((_, i) => (i === 0 ? 1 : 0));
    const atGoal = wall.map((_, i) => (i === 11 ? 1 : 0));
    const none = wall.map(() => 0);
    const obstacles = engine.tensor(Float32Array.from([wall, atStart, atGoal, none].flat()), [4, 3, 4]);
    const found = solveOutputs(dijkstraGrid(), costs, ["cost", "hops"], { obstacles }, { strategy });
    assert.equal([...(await found.cost.read())], [Infinity, Infinity, Infinity, 4]);
    assert.equal([...(await found.hops.read<"i32">())], [-1, -1, -1, 3]);
    const states = await found.state.read();
    assert.ok(states.slice(0, 36).every((value) => value === 0));
    assert.is(states.slice(36).reduce((sum, value) => sum + value, 0), 4);
  });
}

test("path, cost and hops are the twin's where distances are not asked for, and farther cells are left inexact", async () => {
  const wanted = ["cost", "hops"] as const;
  await compareAll(drawInstances(30, 17, 26, 3, 0), { negative: "shift" }, "lane", wanted);
  await compareAll(drawInstances(31, 12, 12, 5, 0.2), { diagonalCost: "euclidean" }, "lane", wanted);
  await compareAll(drawInstances(32, 30, 11, 2, 0.1), { neighbours: 4, countStart: false }, "lane", wanted);
  await compareAll(drawInstances(33, 34, 70, 1, 0.1), { diagonalCost: "euclidean" }, "lane", wanted);
  await compareAll(drawInstances(34, 80, 65, 1, 0), { neighbours: 4 }, "lane", wanted);
});

test("grids in tiles have the twin's path, cost, hops and distances: all families, labyrinths, obstacles", async () => {
  await compareAll(drawInstances(27, 66, 99, 1, 0), {}, "lane");
  await compareAll(drawInstances(28, 33, 130, 1, 0.2), { diagonalCost: "euclidean", negative: "shift" }, "lane");
});

test("workgroups settle tiles likewise: all families, labyrinths, obstacles", async () => {
  await compareAll(drawInstances(35, 34, 66, 1, 0.1), { diagonalCost: "euclidean" }, "workgroup");
});

test("a start at the edge of a tile, from which one step leads into the next tile, is seen there", async () => {
  const shape = [1, 66, 99] as const;
  const walls = new Set([[32, 49], [32, 51], [33, 49], [33, 50], [33, 51], [31, 49], [31, 51]].map(([y, x]) => y! * 99 + x!));
  const obstacles = Float32Array.from({ length: 66 * 99 }, (_, cell) => (walls.has(cell) ? 1 : 0));
  const [start, goal] = [Int32Array.of(32, 50), Int32Array.of(60, 50)];
  await compareAll({ shape, costs: new Float32Array(66 * 99).fill(1), obstacles, start, goal }, {});
});

test("under noise, grids in tiles solve costs c − τ·ε, also where rows straddle blocks of four", async () => {
  const random = randomSource(29);
  const [samples, height, width] = [2, 66, 99] as const;
  const size = height * width;
  const costs = randomNumbers(random, size, 0, 4);
  const noise = randomNumbers(random, samples * size, -2, 2);
  const given = givenNoise(engine.tensor(noise, [1, samples, height, width]));
  const weights = engine.tensor(costs, [1, height, width]);
  const z = perturbAndMap(dijkstraGrid(), weights, { noise: given, samples, temperature: 0.75, output: "samples" });
  const states = await z.read();
  for (let sample = 0; sample < samples; sample++) {
    const perturbed = costs.map((cost, i) => fround(cost + fround(-0.75 * noise[sample * size + i]!)));
    const { path } = dijkstraGridCpu(perturbed, [height, width]);
    assert.is(firstDifference(states.subarray(sample * size, (sample + 1) * size), path), -1, `sample ${sample}`);
  }
});

test("grids in tiles report costs below zero and places outside", async () => {
  const costs = engine.ones([2, 66, 99]);
  const outside = engine.tensor([[0, 0], [0, 99]], { dtype: "i32" });
  const negative = dijkstraGrid({ negative: "error" });
  for (const [attempt, message] of [
    [() => solve(dijkstraGrid(), costs, { goal: outside }), /start and goal must be .* instance 1/],
    [() => solve(negative, costs.neg()), /costs must not be negative/],
  ] as const) {
    const error = await attempt().read().then(() => null, (caught: Error) => caught);
    assert.match(error?.message ?? "", message);
  }
});

test.run();
