import { spanningTree } from "webgpu-imle";
import { denseEdges, spanningTreeCpu } from "webgpu-imle/testing";
import { connectedEdges, edgePairs } from "../../test/support/graphs.js";
import { drawnDifferential, type Subject } from "./drawn.js";

export const spanningTreeDifferential = drawnDifferential(
  "spanning-tree",
  10_000,
  (["min", "max"] as const).flatMap((sense): Subject[] => [
    {
      solver: spanningTree({ sense }),
      shapes: [[1, 1], [4, 4], [9, 9], [24, 24]],
      twin: ({ weights, shape: [n] }) => spanningTreeCpu(weights, denseEdges(n!), n!, sense),
    },
    {
      solver: spanningTree({ sense, vertices: 12 }),
      shapes: [[11], [20], [60]],
      inputs: (random, [m]) => ({ edges: connectedEdges(random, 12, m!) }),
      twin: ({ weights, inputs }) => spanningTreeCpu(weights, edgePairs(inputs["edges"]!), 12, sense),
    },
  ]),
);
