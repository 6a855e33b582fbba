import { shortestPath, solve } from "webgpu-imle";
import { checkSolver, type Graph, shortestPathCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { randomGraph } from "./support/graphs.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const engine = await testEngine();
const test = suite("shortest path");
const strategies = ["lane", "workgroup"] as const;

/** The edges of every simple path. */
function paths({ offsets, targets }: Graph, start: number, goal: number): number[][] {
  const found: number[][] = [];
  const visit = (v: number, visited: readonly number[], taken: readonly number[]): void => {
    if (v === goal) found.push(Array.from(targets, (_, edge) => Number(taken.includes(edge))));
    else {
      for (let edge = offsets[v]!; edge < offsets[v + 1]!; edge++) {
        const next = targets[edge]!;
        if (!visited.includes(next)) visit(next, [...visited, next], [...taken, edge]);
      }
    }
  };
  visit(start, [start], []);
  return found;
}

const upload = ({ offsets, targets }: Graph) => ({
  offsets: engine.tensor(Int32Array.from(offsets), [offsets.length]),
  targets: engine.tensor(Int32Array.from(targets), [targets.length]),
});

test("the twin's path is the best of all simple ones", () => {
  const random = randomSource(1);
  for (const [vertices, edges] of [[1, 1], [2, 2], [4, 9], [6, 14]] as const) {
    const graph = randomGraph(random, vertices, edges);
    const all = paths(graph, 0, vertices - 1);
    expectOptimal("min", edges, (costs) => shortestPathCpu(costs, graph).path, all, { lowest: 0 });
  }
});

for (const [vertices, shapes] of [[1, [[1], [3]]], [5, [[5], [8], [21]]], [30, [[30], [101]]]] as const) {
  test(`paths between ${vertices} vertices are the twin's, by both strategies, each in a graph of its own`, async () => {
    await checkSolver(shortestPath({ vertices }), {
      engine,
      instances: 60,
      shapes,
      inputs: (random, [m]) => ({
        ...randomGraph(random, vertices, m!),
        start: [randomWhole(random, 0, vertices - 1)],
        goal: [randomWhole(random, 0, vertices - 1)],
      }),
      oracle: ({ weights, inputs }) => {
        const { offsets, targets, start, goal } = inputs;
        const ends = { start: start![0]!, goal: goal![0]! };
        return shortestPathCpu(weights, { offsets: offsets!, targets: targets! }, ends).path;
      },
    });
  });
}

test("a large graph that all instances share takes several passes of a lane, or a workgroup", async () => {
  const random = randomSource(2);
  const [vertices, edges, maps] = [400, 1200, 3] as const;
  // A chain the wrong way round: every sweep settles one vertex of it.
  const graph = randomGraph(random, vertices, edges);
  const costs = randomNumbers(random, maps * edges, 0, 1).map((cost, edge) => (graph.targets[edge % edges]! % 7 === 0 ? 50 : cost));
  for (const strategy of strategies) {
    const given = { ...upload(graph), start: engine.tensor([0, 7, 9], { dtype: "i32" }) };
    const z = await solve(shortestPath({ vertices }), engine.tensor(costs, [maps, edges]), given, { strategy }).read();
    for (let map = 0; map < maps; map++) {
      const own = costs.subarray(map * edges, (map + 1) * edges);
      const { path } = shortestPathCpu(own, graph, { start: [0, 7, 9][map]! });
      assert.equal([...z.slice(map * edges, (map + 1) * edges)], [...path], `${strategy}, ${map}`);
    }
  }
});

test("the longest chain is walked to its end within the bounds", async () => {
  const vertices = 700;
  const offsets = Array.from({ length: vertices + 1 }, (_, v) => Math.min(v, vertices - 1));
  const targets = Array.from({ length: vertices - 1 }, (_, v) => v + 1);
  for (const strategy of strategies) {
    const given = upload({ offsets, targets });
    const z = await solve(shortestPath({ vertices }), engine.ones([1, vertices - 1]), given, { strategy }).read();
    assert.ok(z.every((value) => value === 1), strategy);
  }
});

test("a goal that cannot be reached is reported, with an empty state", async () => {
  const graph = upload({ offsets: [0, 1, 2, 2, 3], targets: [1, 0, 2] });
  for (const strategy of strategies) {
    const goal = engine.tensor([1, 3], { dtype: "i32" });
    const z = solve(shortestPath({ vertices: 4 }), engine.ones([2, 3]), { ...graph, goal }, { strategy });
    await rejected(z.read(), "value", /the goal must be reachable from the start, .* instance 1/);
    assert.equal([...(await z.read())], [1, 0, 0, 0, 0, 0]);
  }
});

test("graphs, ends and costs that cannot be are reported, and no search hangs", async () => {
  const solver = shortestPath({ vertices: 3, negative: "error" });
  const fine = { offsets: [0, 1, 2, 2], targets: [1, 2] };
  const whole = (value: number) => engine.tensor([value], { dtype: "i32" });
  const wrong: readonly [Graph, Record<string, ReturnType<typeof whole>>, readonly number[], RegExp][] = [
    [{ ...fine, offsets: [0, 1, 9, 2] }, {}, [1, 1], /offsets must rise/],
    [{ ...fine, offsets: [0, 2, 1, 2] }, {}, [1, 1], /offsets must rise/],
    [{ ...fine, targets: [1, 3] }, {}, [1, 1], /offsets must rise/],
    [fine, { start: whole(-1) }, [1, 1], /start and goal must be vertices/],
    [fine, { goal: whole(3) }, [1, 1], /start and goal must be vertices/],
    [fine, {}, [1, -1], /costs must not be negative/],
  ];
  for (const [graph, ends, costs, message] of wrong) {
    for (const strategy of strategies) {
      const z = solve(solver, engine.tensor([costs]), { ...upload(graph), ...ends }, { strategy });
      await rejected(z.read(), "value", message);
    }
  }
  for (const vertices of [0, 2.5, 2001]) refused(() => shortestPath({ vertices }), "value", /vertices must be a whole number/);
  refused(() => shortestPath({ vertices: 3, negative: "shift" as never }), "value", /negative must be clamp or error/);
});

test.run();
