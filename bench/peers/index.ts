/** Every peer. */

import { cppHeap } from "./cpp-heap.js";
import { javascriptHeap } from "./javascript-heap.js";
import type { Peer } from "./peer.js";
import { pytorch } from "./pytorch.js";

export const peers: readonly Peer[] = [javascriptHeap, cppHeap, pytorch];
