/** Every solver that is compared with its twin. */

import type { Differential } from "./differential.js";
import { dijkstraGridDifferential } from "./dijkstra-grid.js";
import { topKDifferential } from "./top-k.js";

export const differentials: readonly Differential[] = [topKDifferential, dijkstraGridDifferential];
