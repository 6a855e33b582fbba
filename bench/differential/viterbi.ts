import { viterbi } from "webgpu-imle";
import { viterbiCpu } from "webgpu-imle/testing";
import { drawnDifferential, type Subject } from "./drawn.js";

const twin: Subject["twin"] = ({ weights, shape }) => viterbiCpu(weights, shape);

export const viterbiDifferential = drawnDifferential("viterbi", 10_000, [
  { solver: viterbi(), shapes: [[1, 2, 2], [4, 3, 3], [9, 5, 5], [20, 12, 12]], twin },
  { solver: viterbi({ transitions: "shared" }), shapes: [[2, 1], [6, 3], [30, 7]], twin },
]);
