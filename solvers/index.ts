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
export { topK } from "./top-k/top-k.js";
export { dijkstraGrid, type DijkstraGridOptions, type NegativeCosts } from "./dijkstra-grid/dijkstra-grid.js";
