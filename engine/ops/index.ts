export * from "./convolution.js";
export * from "./elementwise.js";
export * from "./gather.js";
export * from "./losses.js";
export * from "./matmul.js";
export { argmax, max, mean, min, sum } from "./reduce.js";
export * from "./shape.js";
export * from "./slicing.js";
export * from "./softmax.js";
