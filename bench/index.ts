/** Every benchmark, in the order in which they run; the first ones measure the ceilings. */

import type { Benchmark } from "./benchmark.js";
import { ceilings } from "./benchmarks/ceilings.js";
import { compile } from "./benchmarks/compile.js";
import { convolutionBenchmark } from "./benchmarks/convolution.js";
import { differential } from "./benchmarks/differential.js";
import { dijkstraGridBenchmark } from "./benchmarks/dijkstra-grid.js";
import { elementwise } from "./benchmarks/elementwise.js";
import { estimators } from "./benchmarks/estimators.js";
import { imleBias } from "./benchmarks/imle-bias.js";
import { javascript } from "./benchmarks/javascript.js";
import { learning } from "./benchmarks/learning.js";
import { matmulBenchmark } from "./benchmarks/matmul.js";
import { memory } from "./benchmarks/memory.js";
import { noise } from "./benchmarks/noise.js";
import { sequences } from "./benchmarks/sequences.js";
import { solversBenchmark } from "./benchmarks/solvers.js";
import { topKBenchmark } from "./benchmarks/top-k.js";
import { trainingStep } from "./benchmarks/training-step.js";
import { wrongCalls } from "./benchmarks/wrong-calls.js";

export const benchmarks: readonly Benchmark[] = [
  ceilings,
  noise,
  topKBenchmark,
  dijkstraGridBenchmark,
  solversBenchmark,
  matmulBenchmark,
  convolutionBenchmark,
  elementwise,
  learning,
  estimators,
  imleBias,
  trainingStep,
  javascript,
  memory,
  compile,
  differential,
  sequences,
  wrongCalls,
];
