import { solve, spanningTree } from "webgpu-imle";
import { checkSolver, denseEdges, type Edge, spanningTreeCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal, lists } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { connectedEdges, edgePairs } from "./support/graphs.js";

const engine = await testEngine();
const test = suite("spanning tree");
const strategies = ["lane", "workgroup"] as const;

/** Every set of edges that connects all vertices and has one fewer. */
function spanningTrees(edges: readonly Edge[], vertices: number): number[][] {
  return [...lists(edges.length, 2)].map((mask) => [...mask]).filter((mask) => {
    const chosen = edges.filter((_, edge) => mask[edge] === 1);
    if (chosen.length !== vertices - 1) return false;
    const reached = new Set([0]);
    for (let turn = 0; turn < vertices; turn++) {
      for (const [a, b] of chosen) {
        if (reached.has(a)) reached.add(b);
        if (reached.has(b)) reached.add(a);
      }
    }
    return reached.size === vertices;
  });
}

test("the twin's tree is the best of all", () => {
  const square: readonly Edge[] = [[0, 1], [1, 2], [2, 3], [3, 0], [0, 2], [1, 3], [0, 1], [2, 2]];
  for (const sense of ["min", "max"] as const) {
    for (const n of [1, 2, 3, 4]) {
      const edges = denseEdges(n);
      expectOptimal(sense, n * n, (weights) => spanningTreeCpu(weights, edges, n, sense), spanningTrees(edges, n));
    }
    expectOptimal(sense, 8, (weights) => spanningTreeCpu(weights, square, 4, sense), spanningTrees(square, 4));
  }
});

for (const sense of ["min", "max"] as const) {
  test(`${sense}: trees of complete graphs are the twin's, by both strategies`, async () => {
    await checkSolver(spanningTree({ sense }), {
      engine,
      instances: 84,
      shapes: [1, 2, 3, 5, 8, 13, 33].map((n) => [n, n]),
      oracle: ({ weights, shape }) => spanningTreeCpu(weights, denseEdges(shape[0]!), shape[0]!, sense),
    });
  });
}

for (const [vertices, shapes] of [[1, [[1], [3]]], [7, [[6], [7], [20]]], [40, [[39], [41], [200]]]] as const) {
  test(`trees of lists of edges between ${vertices} vertices are the twin's, by both strategies`, async () => {
    await checkSolver(spanningTree({ vertices }), {
      engine,
      instances: 48,
      shapes,
      inputs: (random, [m]) => ({ edges: connectedEdges(random, vertices, m!) }),
      oracle: ({ weights, inputs }) => spanningTreeCpu(weights, edgePairs(inputs["edges"]!), vertices),
    });
  });
}

test("a path whose edges rise is one chain of components to join", async () => {
  const n = 600;
  const edges = engine.tensor(Array.from({ length: n - 1 }, (_, v) => [v, v + 1]), { dtype: "i32" });
  const weights = engine.arange(n - 1, { dtype: "f32" }).reshape([1, n - 1]);
  for (const strategy of strategies) {
    const z = await solve(spanningTree({ vertices: n }), weights, { edges }, { strategy }).read();
    assert.ok(z.every((value) => value === 1), strategy);
  }
});

test("a graph that is not connected is reported, its state is a forest, and its neighbours are right", async () => {
  const edges = engine.tensor([[[0, 1], [1, 2], [0, 2]], [[0, 1], [1, 0], [2, 2]]], { dtype: "i32" });
  for (const strategy of strategies) {
    const z = solve(spanningTree({ vertices: 3 }), engine.tensor([[3, 1, 2], [2, 1, 0]]), { edges }, { strategy });
    await rejected(z.read(), "value", /spanningTree: the graph must be connected, .* instance 1/);
    assert.equal([...(await z.read())], [0, 1, 1, 0, 1, 0]);
  }
});

test("edges that end outside of the graph are reported, and never taken", async () => {
  const edges = engine.tensor([[0, 1], [1, 3], [-1, 0], [1, 2]], { dtype: "i32" });
  for (const strategy of strategies) {
    const z = solve(spanningTree({ vertices: 3 }), engine.tensor([[3, 1, 2, 4]]), { edges }, { strategy });
    await rejected(z.read(), "value", /edges must end at vertices/);
    assert.equal([...(await z.read())], [1, 0, 0, 1]);
  }
});

test("options and shapes that cannot be are refused", () => {
  refused(() => spanningTree({ sense: "least" as never }), "value", /sense must be min or max/);
  refused(() => spanningTree({ vertices: 2.5 }), "value", /vertices must be a whole number/);
  refused(() => solve(spanningTree(), engine.zeros([1, 3, 4])), "shape", /must be \[n, n\], got \[3, 4\]/);
  refused(() => solve(spanningTree({ vertices: 2000 }), engine.zeros([1, 3]), {}), "limit", /at most 1000 vertices/);
});

test.run();
