/** TensorFlow.js with its WebGPU backend on the same runtime and adapter, where the person has it. */

import { devicePeer } from "./device-peer.js";

export const tfjs = devicePeer({
  name: "TensorFlow.js, same adapter",
  tasks: ["matmul", "add", "exp", "relu", "softmax", "sum", "sum-rows", "conv2d", "cumulative-sum", "top-k"],
  packages: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"],
  variable: "TFJS",
  program: "bench/peers/tfjs-program.ts",
});
