export {
  type ChoiceFacts,
  type Pass,
  type Passes,
  type Solver,
  type SolverDefinition,
  type SolverInput,
  type SolverInputs,
  type SolverOutput,
  type SolverReport,
  type SolverText,
  type Strategy,
} from "./solver.js";
export { defineSolver } from "./define.js";
export { solve, solveOutputs } from "./run.js";
export { topK, type TopKOptions } from "./top-k/top-k.js";
export {
  type DiagonalCost,
  dijkstraGrid,
  type DijkstraGridOptions,
  type NegativeCosts,
} from "./dijkstra-grid/dijkstra-grid.js";
export { budgetedSubset } from "./budgeted-subset/budgeted-subset.js";
export { categorical } from "./categorical/categorical.js";
export { ranking, type RankingOptions } from "./ranking/ranking.js";
export { viterbi, type ViterbiOptions } from "./viterbi/viterbi.js";
export { alignment, timeWarping } from "./alignment/alignment.js";
export { knapsack, type KnapsackOptions } from "./knapsack/knapsack.js";
export { spanningTree, type SpanningTreeOptions } from "./spanning-tree/spanning-tree.js";
export { shortestPath, type ShortestPathOptions } from "./shortest-path/shortest-path.js";
export { assignment, type AssignmentOptions } from "./assignment/assignment.js";
