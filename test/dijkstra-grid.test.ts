import {
  dijkstraGrid,
  type Engine,
  givenNoise,
  ImleError,
  imle,
  perturbAndMap,
  pid,
  solve,
  type Strategy,
} from "webgpu-imle";
import { dijkstraGridCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { gridMap, leastByEnumeration, mapFamilies, pathByDefinition } from "./support/grid-maps.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const test = suite("dijkstra-grid");
const strategies: readonly Strategy[] = ["lane", "workgroup"];
const { fround } = Math;

/** Costs as the solver takes them by default. */
const clamped = (costs: Float32Array): Float32Array => costs.map((cost) => Math.min(Math.max(cost, 0), 1e31));

/** Compares the device's path on every map, [maps, H, W], with the twin's. */
async function comparePaths(
  engine: Engine,
  maps: Float32Array<ArrayBuffer>,
  [height, width]: readonly [number, number],
  options: { neighbours?: 4 | 8; negative?: "clamp" | "shift" },
  strategy: Strategy,
  what: string,
): Promise<void> {
  const size = height * width;
  const shape = [maps.length / size, height, width];
  const solver = dijkstraGrid(options);
  const z = engine.scope(() => solve(solver, engine.tensor(maps, shape), undefined, { strategy }).keep());
  const paths = await z.read();
  z.dispose();
  for (let map = 0; map < shape[0]!; map++) {
    const { path } = dijkstraGridCpu(maps.subarray(map * size, (map + 1) * size), [height, width], options);
    const own = paths.subarray(map * size, (map + 1) * size);
    assert.ok(path.every((value, i) => value === own[i]), `${what}, ${height} × ${width}, map ${map}`);
  }
}

test("the twin's cost is the least of all simple paths on small grids", () => {
  const random = randomSource(1);
  for (const [height, width] of [[1, 1], [1, 5], [4, 1], [2, 2], [3, 3], [2, 5], [4, 3]] as const) {
    for (const neighbours of [4, 8] as const) {
      for (let map = 0; map < 6; map++) {
        const costs = Float32Array.from({ length: height * width }, () => randomWhole(random, 0, 9));
        const { cost, path } = dijkstraGridCpu(costs, [height, width], { neighbours });
        assert.is(cost, leastByEnumeration(costs, height, width, { neighbours }));
        assert.is(costs.reduce((sum, own, i) => sum + own * path[i]!, 0), cost, "the path has this cost");
      }
    }
  }
});

test("the twin's distances, hops and path are those of the definition, for every family of maps", () => {
  const random = randomSource(2);
  for (const family of Object.keys(mapFamilies)) {
    for (const [height, width] of [[1, 8], [3, 4], [9, 7], [12, 12]] as const) {
      for (const neighbours of [4, 8] as const) {
        const map = gridMap(family, random, height, width);
        const own = dijkstraGridCpu(map, [height, width], { neighbours });
        const expected = pathByDefinition(clamped(map), height, width, { neighbours });
        assert.equal([...own.distances], [...expected.distances], `${family} ${height} × ${width}: distances`);
        assert.equal([...own.hops], [...expected.hops], `${family} ${height} × ${width}: hops`);
        assert.equal(own.path, expected.path, `${family} ${height} × ${width}: path`);
      }
    }
  }
});

test("the twin's distances are exact where sums are whole numbers", () => {
  const random = randomSource(3);
  for (const [height, width] of [[17, 23], [40, 31]] as const) {
    const costs = Float32Array.from({ length: height * width }, () => randomWhole(random, 0, 1000));
    const { distances } = pathByDefinition(costs, height, width, { neighbours: 8, round: (x) => x });
    assert.equal([...dijkstraGridCpu(costs, [height, width]).distances], [...distances]);
  }
});

for (const strategy of strategies) {
  test(`${strategy}: the path is the twin's on maps up to 12 × 12, with 4 and 8 neighbours`, async () => {
    const engine = await testEngine();
    const random = randomSource(4);
    const shapes = [[1, 1], [1, 9], [9, 1], [2, 3], [5, 4], [7, 13], [12, 12]] as const;
    for (const [height, width] of shapes) {
      for (const neighbours of height * width > 50 || height === 2 ? ([8, 4] as const) : ([8] as const)) {
        for (const family of Object.keys(mapFamilies)) {
          const count = height * width > 50 ? 10 : 6;
          const maps = new Float32Array(count * height * width);
          for (let map = 0; map < count; map++) {
            maps.set(gridMap(family, random, height, width), map * height * width);
          }
          const what = `${family}, ${neighbours} neighbours`;
          await comparePaths(engine, maps, [height, width], { neighbours }, strategy, what);
        }
      }
    }
  });

  test(`${strategy}: the path is the twin's on large maps of every family`, async () => {
    const engine = await testEngine();
    const random = randomSource(5);
    const largest = strategy === "lane" ? ([64, 64] as const) : ([57, 57] as const);
    for (const [height, width] of [[18, 33], largest, [3, 62], [62, 3]] as const) {
      const families = Object.keys(mapFamilies);
      const each = strategy === "lane" ? 3 : 1;
      const maps = new Float32Array(each * families.length * height * width);
      families.forEach((family, index) => {
        for (let map = 0; map < each; map++) {
          maps.set(gridMap(family, random, height, width), (each * index + map) * height * width);
        }
      });
      await comparePaths(engine, maps, [height, width], {}, strategy, families.join());
    }
  });

  test(`${strategy}: the path to any goal sums, in f32, to the twin's distance to the last bit`, async () => {
    const engine = await testEngine();
    const random = randomSource(6);
    const [height, width] = [7, 13] as const;
    const size = height * width;
    for (const family of ["terrain", "1e-6 to 1e6", "costs that vanish in rounding", "whole numbers and zeros"]) {
      const map = gridMap(family, random, height, width);
      const from = [randomWhole(random, 0, height - 1), randomWhole(random, 0, width - 1)] as const;
      const repeated = Float32Array.from({ length: size * size }, (_, i) => map[i % size]!);
      const costs = engine.tensor(repeated, [size, height, width]);
      const start = engine.tensor(Int32Array.from({ length: 2 * size }, (_, i) => from[i % 2]!), [size, 2]);
      const goals = Array.from({ length: size }, (_, cell) => [Math.floor(cell / width), cell % width] as const);
      const goal = engine.tensor(Int32Array.from(goals.flat()), [size, 2]);
      const paths = await solve(dijkstraGrid(), costs, { start, goal }, { strategy }).read();
      const { distances, hops } = dijkstraGridCpu(map, [height, width], { start: from });
      for (let cell = 0; cell < size; cell++) {
        const { path } = dijkstraGridCpu(map, [height, width], { start: from, goal: goals[cell]! });
        const own = paths.slice(cell * size, (cell + 1) * size);
        assert.equal([...own], [...path], `${family}, goal ${goals[cell]}`);
        // Distances rise along a path, so its cells in the order of the twin's distances and hops are the path.
        const walked = [...own.keys()].filter((i) => own[i] === 1);
        walked.sort((a, b) => distances[a]! - distances[b]! || hops[a]! - hops[b]!);
        const sum = walked.reduce((before, i) => fround(map[i]! + before), 0);
        assert.is(sum, distances[cell]!, `${family}, goal ${goals[cell]}`);
      }
    }
  });

  test(`${strategy}: mazes that take the most sweeps are solved within the bounds`, async () => {
    const engine = await testEngine();
    const [height, width] = strategy === "lane" ? [64, 64] : [40, 40];
    // Corridors along columns, four rows high, one band of them below the other.
    const map = Float32Array.from({ length: height * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      const [band, within] = [row >> 2, row & 3];
      const along = band % 2 === 0 ? column : width - 1 - column;
      if (within === 3) return along === width - 1 ? 1 : 1e4;
      return along % 2 === 0 || within === (along % 4 === 1 ? 2 : 0) ? 1 : 1e4;
    });
    await comparePaths(engine, map, [height, width], {}, strategy, "bands of serpentines");
  });

  test(`${strategy}: costs below zero are clamped, lifted or reported, as told`, async () => {
    const engine = await testEngine();
    const random = randomSource(7);
    for (const [height, width] of [[6, 7], [8, 8]] as const) {
      const size = height * width;
      const maps = new Float32Array(10 * size);
      for (let map = 0; map < 10; map++) maps.set(gridMap("of either sign", random, height, width), map * size);
      for (const negative of ["clamp", "shift"] as const) {
        await comparePaths(engine, maps, [height, width], { negative }, strategy, negative);
      }
      const clamp = await solve(dijkstraGrid(), engine.tensor(maps, [10, height, width])).read();
      const shift = await solve(dijkstraGrid({ negative: "shift" }), engine.tensor(maps, [10, height, width])).read();
      assert.not.equal(clamp, shift, "the policies differ on these maps");
      const strict = dijkstraGrid({ negative: "error" });
      const fine = maps.map((cost) => Math.abs(cost));
      fine[0] = -0;
      await solve(strict, engine.tensor(fine, [10, height, width]), undefined, { strategy }).read();
      fine[4 * size + 3] = -1e-6;
      try {
        await solve(strict, engine.tensor(fine, [10, height, width]), undefined, { strategy }).read();
        assert.unreachable("the read must reject");
      } catch (error) {
        assert.instance(error, ImleError);
        assert.match((error as ImleError).message, /dijkstraGrid: costs must not be negative, .* instance 4/);
      }
    }
  });

  test(`${strategy}: under noise, costs c − τ·ε are solved, sample by sample and counted`, async () => {
    const engine = await testEngine();
    const random = randomSource(8);
    const [instances, samples, height, width] = [5, 4, 6, 9] as const;
    const size = height * width;
    const costs = randomNumbers(random, instances * size, 0, 4);
    const noise = randomNumbers(random, instances * samples * size, -2, 2);
    const temperature = 0.75;
    const weights = engine.tensor(costs, [instances, height, width]);
    const given = givenNoise(engine.tensor(noise, [instances, samples, height, width]));
    const common = { noise: given, samples, temperature, strategy } as const;
    const expected = Array.from({ length: instances * samples }, (_, row) => {
      const first = Math.floor(row / samples) * size;
      const perturbed = Float32Array.from({ length: size }, (__, i) => {
        return fround(costs[first + i]! + fround(-temperature * noise[row * size + i]!));
      });
      return dijkstraGridCpu(perturbed, [height, width]).path;
    });
    const states = perturbAndMap(dijkstraGrid(), weights, { ...common, output: "samples" });
    assert.equal(states.shape, [instances, samples, height, width]);
    assert.equal(await states.read(), Float32Array.from(expected.flatMap((path) => [...path])));
    const sums = new Int32Array(instances * size);
    expected.forEach((path, row) => path.forEach((value, i) => (sums[Math.floor(row / samples) * size + i]! += value)));
    assert.equal(await perturbAndMap(dijkstraGrid(), weights, { ...common, output: "counts" }).read<"i32">(), sums);
  });
}

test("through imle, cells that the loss wants on the path become cheaper, and others dearer", async () => {
  const engine = await testEngine();
  const random = randomSource(9);
  const [maps, height, width, lambda] = [20, 8, 8, 4] as const;
  const size = height * width;
  const costs = randomNumbers(random, maps * size, 1, 3);
  const wanted = Float32Array.from({ length: maps * size }, (_, i) => {
    return i % size < width || i % width === width - 1 ? 1 : 0;
  });
  const theta = engine.tensor(costs, [maps, height, width], { requiresGrad: true });
  const z = imle(dijkstraGrid(), { temperature: 0, target: pid({ lambda }) })(theta);
  // Hamming loss to the wanted path: ∂L/∂z = 1 − 2y.
  const dy = wanted.map((y) => 1 - 2 * y);
  z.backward(engine.tensor(dy, [maps, height, width]));
  const gradient = await theta.grad!.read();
  for (let map = 0; map < maps; map++) {
    const own = costs.subarray(map * size, (map + 1) * size);
    const path = dijkstraGridCpu(own, [height, width]).path;
    const moved = own.map((cost, i) => fround(cost + fround(lambda * dy[map * size + i]!)));
    const target = dijkstraGridCpu(moved, [height, width]).path;
    path.forEach((value, i) => assert.is(gradient[map * size + i], target[i]! - value));
  }
  // Descent lowers the costs of wanted cells: their gradient is never negative.
  assert.ok(gradient.every((value, i) => (wanted[i] === 1 ? value >= 0 : value <= 0)));
  assert.ok(gradient.some((value) => value > 0));
});

test("any number of batch axes, none too", async () => {
  const engine = await testEngine();
  const random = randomSource(10);
  const maps = randomNumbers(random, 6 * 20, 0, 1);
  const boxes = solve(dijkstraGrid(), engine.tensor(maps, [2, 3, 4, 5]));
  assert.equal(boxes.shape, [2, 3, 4, 5]);
  const flat = await solve(dijkstraGrid(), engine.tensor(maps, [6, 4, 5])).read();
  assert.equal(await boxes.read(), flat);
  const single = solve(dijkstraGrid(), engine.tensor(maps.subarray(0, 20), [4, 5]));
  assert.equal(single.shape, [4, 5]);
  assert.equal(await single.read(), flat.slice(0, 20));
  assert.equal(solve(dijkstraGrid(), engine.zeros([0, 4, 5])).shape, [0, 4, 5]);
});

test("options, grids and places that cannot be are refused", async () => {
  const engine = await testEngine();
  const refusals: readonly [() => unknown, string, RegExp][] = [
    [() => dijkstraGrid({ neighbours: 6 as never }), "value", /neighbours must be 4 or 8, got 6/],
    [() => dijkstraGrid({ negative: "ignore" as never }), "value", /negative must be clamp, shift or error, got/],
    [() => solve(dijkstraGrid(), engine.zeros([3])), "shape", /at least 2 axes/],
    [() => solve(dijkstraGrid(), engine.zeros([2, 0, 3])), "shape", /at least one cell/],
    [() => dijkstraGrid({ diagonalCost: "long" as never }), "value", /diagonalCost must be same or euclidean, got/],
    [() => dijkstraGrid({ countStart: 1 as never }), "value", /countStart must be true or false, got 1/],
    [() => solve(dijkstraGrid(), engine.zeros([1, 1025, 3])), "limit", /at most 1024 by 1024, got \[1025, 3\]/],
  ];
  for (const [call, code, message] of refusals) refused(call, code, message);
  const outside = engine.tensor([[0, 9]], { dtype: "i32" });
  for (const strategy of strategies) {
    try {
      await solve(dijkstraGrid(), engine.zeros([1, 4, 5]), { goal: outside }, { strategy }).read();
      assert.unreachable("the read must reject");
    } catch (error) {
      assert.match((error as Error).message, /start and goal must be \(row, column\) inside the grid/);
    }
  }
});

test("the choice of strategy is lanes on processors, workgroups on GPUs, and lanes there for many tiny grids", () => {
  const { choose } = dijkstraGrid();
  const facts = { instanceShape: [12, 12], size: 144, jobs: 100_000, software: true };
  assert.is(choose(facts), "lane");
  assert.is(choose({ ...facts, software: false }), "workgroup");
  assert.is(choose({ ...facts, instanceShape: [6, 6], size: 36, software: false }), "lane");
});

test.run();
