/** Every solver that is compared with its twin. */

import { alignmentDifferential } from "./alignment.js";
import { assignmentDifferential } from "./assignment.js";
import { budgetedSubsetDifferential } from "./budgeted-subset.js";
import { categoricalDifferential } from "./categorical.js";
import type { Differential } from "./differential.js";
import { dijkstraGridDifferential } from "./dijkstra-grid.js";
import { knapsackDifferential } from "./knapsack.js";
import { rankingDifferential } from "./ranking.js";
import { shortestPathDifferential } from "./shortest-path.js";
import { spanningTreeDifferential } from "./spanning-tree.js";
import { topKDifferential } from "./top-k.js";
import { viterbiDifferential } from "./viterbi.js";

export const differentials: readonly Differential[] = [
  topKDifferential,
  dijkstraGridDifferential,
  budgetedSubsetDifferential,
  categoricalDifferential,
  rankingDifferential,
  viterbiDifferential,
  alignmentDifferential,
  knapsackDifferential,
  spanningTreeDifferential,
  shortestPathDifferential,
  assignmentDifferential,
];
