export * from "./unary.js";
export * from "./binary.js";
