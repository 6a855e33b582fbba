export { Adam, AdamW, type AdamOptions } from "./adam.js";
export { loadSafetensors, saveSafetensors } from "./checkpoint.js";
export { clipGradientNorm, globalNorm } from "./clip.js";
export { Conv1d, type Conv1dLayerOptions, Conv2d, type Conv2dLayerOptions } from "./convolution.js";
export { Dropout } from "./dropout.js";
export { Embedding } from "./embedding.js";
export {
  constantParameter,
  kaimingNormal,
  kaimingUniform,
  normalParameter,
  truncatedNormalParameter,
  uniformParameter,
  xavierNormal,
  xavierUniform,
  type InitOptions,
} from "./init.js";
export { Layer, Linear, Sequential, type LayerLike } from "./layers.js";
export { BatchNorm1d, BatchNorm2d, LayerNorm, type BatchNormLayerOptions } from "./normalisation.js";
export { type OptimiserOptions } from "./optimiser.js";
export { orthogonalParameter } from "./orthogonal.js";
export { flattenParameters, type ParameterTree } from "./parameters.js";
export { RMSprop, type RMSpropOptions } from "./rmsprop.js";
export { decodeSafetensors, type Safetensors, type StoredTensor } from "./safetensors.js";
export { cosineSchedule, type Schedule, stepSchedule } from "./schedules.js";
export { SGD, type SGDOptions } from "./sgd.js";
