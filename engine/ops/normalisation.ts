export { batchNorm, type BatchNormOptions } from "./batch-norm.js";
export { layerNorm, type LayerNormOptions } from "./layer-norm.js";
