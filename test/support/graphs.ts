import type { Edge, Graph } from "webgpu-imle/testing";
import { randomWhole } from "./random.js";

type Random = () => number;

/** Ends of the edges of a connected graph, some parallel and some from a vertex to itself, one pair after the other. */
export function connectedEdges(random: Random, vertices: number, edges: number): number[] {
  return Array.from({ length: edges }, (_, edge) => {
    if (edge + 1 < vertices) return [randomWhole(random, 0, edge), edge + 1];
    return [randomWhole(random, 0, vertices - 1), randomWhole(random, 0, vertices - 1)];
  }).flat();
}

export const edgePairs = (flat: ArrayLike<number>): Edge[] =>
  Array.from({ length: flat.length / 2 }, (_, edge): Edge => [flat[2 * edge]!, flat[2 * edge + 1]!]);

/** A random directed graph; where there are as many edges as vertices, each v leads to v + 1, so that all are reached. */
export function randomGraph(random: Random, vertices: number, edges: number): Graph {
  const sources = Array.from({ length: edges }, (_, edge) => (edge < vertices ? edge : randomWhole(random, 0, vertices - 1)));
  sources.sort((a, b) => a - b);
  const targets = sources.map((source, edge) => {
    return source !== sources[edge - 1] ? (source + 1) % vertices : randomWhole(random, 0, vertices - 1);
  });
  const offsets = new Array<number>(vertices + 1).fill(0);
  for (const source of sources) offsets[source + 1]! += 1;
  for (let v = 0; v < vertices; v++) offsets[v + 1]! += offsets[v]!;
  return { offsets, targets };
}
