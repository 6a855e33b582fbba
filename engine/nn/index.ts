export { Dropout } from "./dropout.js";
export { kaimingNormal, kaimingUniform, xavierNormal, xavierUniform, type InitOptions } from "./init.js";
export { Conv2d, Layer, Linear, Sequential, type Conv2dLayerOptions, type LayerLike } from "./layers.js";
export { BatchNorm1d, BatchNorm2d, LayerNorm, type BatchNormLayerOptions } from "./normalisation.js";
export { Adam, SGD, type AdamOptions, type OptimiserOptions, type SGDOptions } from "./optimisers.js";
export { flattenParameters, type ParameterTree } from "./parameters.js";
