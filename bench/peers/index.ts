/** Every peer. */

import { cppHeap } from "./cpp-heap.js";
import { jaxJs } from "./jax-js.js";
import { javascriptHeap } from "./javascript-heap.js";
import type { Peer } from "./peer.js";
import { pythonHeap } from "./python-heap.js";
import { pytorch } from "./pytorch.js";
import { tfjs } from "./tfjs.js";
import { torchImle } from "./torch-imle.js";

export const peers: readonly Peer[] = [
  javascriptHeap,
  cppHeap,
  pythonHeap,
  jaxJs,
  tfjs,
  pytorch,
  torchImle,
];
