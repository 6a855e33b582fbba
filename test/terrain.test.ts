import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Adam, Engine, noGrad, solve } from "webgpu-imle";
import { dijkstraGridCpu } from "webgpu-imle/testing";
import { pictureOf, Pixels } from "../examples/terrain/dataset.js";
import { generateMaps } from "../examples/terrain/generate.js";
import { connects, costOf, measure, terrainShares } from "../examples/terrain/metrics.js";
import { hammingLoss, PathFinder, shortestPath } from "../examples/terrain/model.js";
import { tiles as recipe } from "../examples/terrain/tile-network.js";
import { costFactor } from "../examples/terrain/scale.js";
import { part, terrainOf, terrains, type TerrainMaps } from "../examples/terrain/terrains.js";

const side = 12;
const cells = side * side;
const generated = generateMaps(60, side, 5);

const maps = suite("terrain: the maps");

maps("the same seed gives the same maps, another seed others", () => {
  assert.equal(generateMaps(3, side, 5).tiles, generateMaps(3, side, 5).tiles);
  assert.not.equal(generateMaps(3, side, 5).costs, generateMaps(3, side, 6).costs);
});

maps("30, 40, 18, 7 and 5 % of all tiles are grass, dirt, forest, water and rock", () => {
  const shares = terrainShares(generated);
  for (const [i, expected] of [0.3, 0.4, 0.18, 0.07, 0.05].entries()) {
    assert.ok(Math.abs(shares[i]! - expected) < 1e-3, `${terrains[i]!.name}: ${shares[i]}`);
  }
});

maps("neighbours are alike far more often than tiles of different maps", () => {
  let [beside, across] = [0, 0];
  for (let i = 0; i < generated.costs.length - cells; i++) {
    if (i % side < side - 1 && generated.costs[i] === generated.costs[i + 1]) beside++;
    if (i % side < side - 1 && generated.costs[i] === generated.costs[i + cells]) across++;
  }
  assert.ok(beside > 1.8 * across, `${beside} beside each other, ${across} in different maps`);
});

maps("the middle of a tile has its terrain's mean colour, over many tiles", () => {
  const sums = terrains.map(() => ({ colour: [0, 0, 0], count: 0 }));
  for (const [tile, cost] of generated.costs.entries()) {
    const entry = sums[terrainOf(cost)]!;
    for (let i = 0; i < 4; i++) {
      const pixel = tile * 192 + 3 * (8 * (3 + (i >> 1)) + 3 + (i & 1));
      for (let channel = 0; channel < 3; channel++) entry.colour[channel]! += generated.tiles[pixel + channel]!;
      entry.count++;
    }
  }
  for (const [i, { colour, count }] of sums.entries()) {
    const [name, found] = [terrains[i]!.name, colour.map((sum) => sum / count)];
    for (const [channel, value] of terrains[i]!.colour.entries()) {
      assert.ok(Math.abs(found[channel]! - value) < 5, `${name}: ${found.join(" ")}, expected ${terrains[i]!.colour}`);
    }
  }
});

maps("a picture has pixel (x, y) of tile (column, row) at (8·column + x, 8·row + y)", () => {
  const picture = pictureOf(generated, 7);
  for (const [column, row, x, y] of [[0, 0, 0, 0], [11, 0, 7, 3], [4, 9, 1, 6], [11, 11, 7, 7]] as const) {
    const tile = 7 * cells + row * side + column;
    const from = tile * 192 + 3 * (8 * y + x);
    const to = 3 * ((8 * row + y) * 8 * side + 8 * column + x);
    assert.equal(picture.slice(to, to + 3), generated.tiles.slice(from, from + 3));
  }
});

maps.run();

const metrics = suite("terrain: the metrics");

/** One map of 3 × 3 with rock in the middle: around it 3.2 above, 4 below. */
const small: TerrainMaps = {
  count: 1,
  side: 3,
  tiles: new Uint8Array(9 * 192),
  costs: Float32Array.from([0.8, 0.8, 9.2, 1.2, 9.2, 0.8, 9.2, 1.2, 0.8]),
};
const upper = [1, 1, 0, 0, 0, 1, 0, 0, 1];
const lower = [1, 0, 0, 1, 0, 0, 0, 1, 1];

metrics("costs are summed over the marked cells", () => {
  assert.ok(Math.abs(costOf(upper, small.costs) - 3.2) < 1e-6);
});

metrics("marked cells connect the corners where eight-neighbour steps lead through them", () => {
  assert.ok(connects(upper, 3));
  assert.ok(connects(lower, 3));
  assert.not(connects([1, 1, 0, 0, 0, 0, 0, 0, 1], 3));
  assert.not(connects([0, 1, 0, 0, 1, 0, 0, 0, 1], 3));
  assert.not(connects([1, 1, 0, 0, 1, 0, 0, 0, 0], 3));
});

metrics("a cheapest path is right, one that costs more is not, and one that does not connect is not", () => {
  const flat = new Array<number>(9).fill(1);
  const right = measure(small, upper, upper, flat);
  assert.equal([right.accuracy, right.regret, right.hamming], [1, 0, 0]);
  const dearer = measure(small, upper, lower, flat);
  assert.is(dearer.accuracy, 0);
  assert.ok(Math.abs(dearer.regret - (4.0 / 3.2 - 1)) < 1e-6);
  assert.is(dearer.hamming, 4);
  assert.is(measure(small, upper, [1, 0, 0, 0, 0, 0, 0, 0, 1], flat).accuracy, 0);
});

metrics("the cost of a terrain is the mean over its tiles; a terrain that is not there has none", () => {
  const { costs } = measure(small, upper, upper, [1, 2, 9, 4, 9, 3, 9, 6, 2]);
  assert.equal(costs, [2, 5, null, null, 9]);
});

metrics("the factor brings halved costs back, and collapsed ones do no harm", () => {
  const shares = [0.3, 0.4, 0.18, 0.07, 0.05];
  const result = (costs: (number | null)[]) => ({ accuracy: 0, regret: 0, hamming: 0, costs });
  assert.ok(Math.abs(costFactor(result(terrains.map(({ cost }) => cost / 2)), shares) - 2) < 1e-12);
  assert.is(costFactor(result([0, 0, 0, 0, 0]), shares), 1);
  assert.is(costFactor(result([null, null, null, null, null]), shares), 1);
});

metrics.run();

interface Device {
  engine: Engine;
}

const model = suite<Device>("terrain: the network", {} as Device);
model.before(async (context) => {
  context.engine = await Engine.create();
});
model.after(({ engine }) => engine.dispose());
model.before.each(({ engine }) => engine.seed(3));

const pixels = new Pixels(generated);
const places = Int32Array.from({ length: 50 }, (_, i) => i);
const tilesOf = (engine: Engine) => pixels.tiles(engine, generated, places);

function finderOf(engine: Engine, { perturbed = true } = {}): PathFinder {
  return new PathFinder(recipe.create(engine, generated), { side, batch: places.length, perturbed });
}

/** Cheapest paths by the heap twin, of the first maps. */
const best = places.reduce<number[]>((all, map) => {
  all.push(...dijkstraGridCpu(generated.costs.subarray(map * cells, (map + 1) * cells), [side, side]).path);
  return all;
}, []);

model("labels from the device are the twin's paths", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const costs = engine.tensor(generated.costs.subarray(0, best.length), [places.length, side, side]);
  assert.equal([...(await solve(shortestPath, costs).read())], best);
});

model("pixels reach the device as brightness less the channel's mean", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const values = await new Pixels(generated).tiles(engine, generated, [4]).read();
  const { tiles } = generated;
  for (const channel of [0, 1, 2]) {
    let sum = 0;
    for (let i = channel; i < tiles.length; i += 3) sum += tiles[i]!;
    const mean = sum / (tiles.length / 3);
    for (let i = channel; i < values.length; i += 3 * 97) {
      assert.ok(Math.abs(values[i]! - (tiles[4 * cells * 192 + i]! - mean) / 255) < 1e-6);
    }
  }
});

model("a tile costs the same wherever it lies, and always something", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const finder = finderOf(engine);
  const tile = generated.tiles.subarray(5 * 192, 6 * 192);
  const tiles = generated.tiles.slice(0, cells * 192);
  for (const place of [0, 17, 143]) tiles.set(tile, place * 192);
  const one = pixels.tiles(engine, { ...part(generated, 0, 1), tiles }, [0]);
  const costs = await noGrad(() => finder.network.costs(one)).read();
  assert.is(costs[17], costs[0]);
  assert.is(costs[143], costs[0]);
  assert.is(new Set(costs).size, cells - 2 - (costs[5] === costs[0] ? 1 : 0));
  assert.ok(costs.every((cost) => cost > 0));
});

model("the Hamming loss is the mean count of differing cells, less the best paths' length", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const random = best.map((_, i) => (i + Math.floor(i / cells)) % 2);
  const shape = [places.length, side, side];
  const loss = hammingLoss(engine.tensor(random, shape), engine.tensor(best.map((mark) => 1 - 2 * mark), shape));
  const differing = best.filter((mark, i) => mark !== random[i]).length;
  const marked = best.filter((mark) => mark === 1).length;
  assert.ok(Math.abs((await loss.item()) - (differing - marked) / places.length) < 1e-4);
});

model("marginals are shares of perturbed paths: ones at the corners, a path's length in all", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const finder = finderOf(engine);
  const marginals = await noGrad(() => finder.marginals(finder.network.costs(tilesOf(engine)), 64)).read();
  let fractional = 0;
  for (let map = 0; map < places.length; map++) {
    const shares = marginals.subarray(map * cells, (map + 1) * cells);
    assert.is(shares[0], 1);
    assert.is(shares[cells - 1], 1);
    assert.ok(shares.reduce((sum, share) => sum + share, 0) >= side);
    for (const share of shares) assert.is(64 * share, Math.round(64 * share));
    fractional += shares.filter((share) => share > 0 && share < 1).length;
  }
  assert.ok(fractional > 100, `${fractional} cells are crossed by some of the paths`);
});

interface Trained {
  readonly regret: number;
  readonly meanCost: number;
}

async function train(engine: Engine, perturbed: boolean, steps: number): Promise<Trained> {
  engine.seed(1);
  const finder = finderOf(engine, { perturbed });
  const optimiser = new Adam({ parameters: finder.network.parameters, learningRate: recipe.learningRate });
  const tiles = tilesOf(engine);
  const signs = engine.tensor(best.map((mark) => 1 - 2 * mark), [places.length, side, side]);
  const step = (): void =>
    engine.scope(() => {
      optimiser.zeroGrad();
      hammingLoss(finder.paths(finder.network.costs(tiles)), signs).backward();
      optimiser.step();
    });
  for (let i = 0; i < 3; i++) step();
  const before = { readbacks: engine.stats().readbacks, bytes: engine.memory().liveBytes };
  for (let i = 3; i < steps; i++) step();
  assert.is(engine.stats().readbacks, before.readbacks);
  assert.is(engine.memory().liveBytes, before.bytes);
  const [learnt, paths] = engine.scope(() =>
    noGrad(() => {
      const costs = finder.network.costs(tiles);
      return [costs, solve(shortestPath, costs)] as const;
    }),
  );
  const [costs, found] = [await learnt.read(), await paths.read()];
  const { regret } = measure(part(generated, 0, places.length), best, found, costs);
  return { regret, meanCost: costs.reduce((sum, cost) => sum + cost, 0) / costs.length };
}

model("training with noise finds better paths, reads nothing back and leaves no memory behind", async ({ engine }) => {
  const [first, last] = [await train(engine, true, 4), await train(engine, true, 40)];
  assert.ok(last.regret < 0.5 * first.regret, `regret ${first.regret} → ${last.regret}`);
  assert.ok(last.meanCost > 0.7 * first.meanCost, `mean cost ${first.meanCost} → ${last.meanCost}`);
});

model("the same without noise collapses: costs fall towards zero", async ({ engine }) => {
  const [first, last] = [await train(engine, false, 4), await train(engine, false, 80)];
  assert.ok(last.meanCost < 0.5 * first.meanCost, `mean cost ${first.meanCost} → ${last.meanCost}`);
});

model.run();
