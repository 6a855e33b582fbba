/** jax-js on the same runtime and adapter, where the person has it. */

import { devicePeer } from "./device-peer.js";

export const jaxJs = devicePeer({
  name: "jax-js, same adapter",
  tasks: [
    "matmul",
    "add",
    "exp",
    "relu",
    "softmax",
    "sum",
    "sum-rows",
    "conv2d",
    "conv2d-gradients",
    "digits-step",
    "cumulative-sum",
    "sort",
    "top-k",
  ],
  packages: ["@jax-js/jax"],
  variable: "JAX_JS",
  program: "bench/peers/jax-js-program.ts",
});
