import * as library from "webgpu-imle";
import {
  choice,
  flag,
  isCount,
  isF32,
  isShape,
  isWhole,
  numbers,
  optional,
  options,
  type Slot,
  slot,
} from "../slots.js";
import {
  aboveZero,
  atLeast0,
  call,
  type Calls,
  calls,
  type Context,
  count,
  epsilon,
  finite,
  high,
  label,
  low,
  probability,
  product,
  shape,
  streamFrom,
} from "./context.js";

/** A class that is made with these arguments. */
function made(type: unknown, ...slots: Slot[]): Calls {
  const Made = type as new (...values: unknown[]) => unknown;
  return { [Made.name]: { slots, run: (...values) => new Made(...values) } };
}

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.values(value).every(isEmpty);
const share = optional(numbers(0.5, (value) => value >= 0 && value < 1));

/** Layers, initial values, optimisers, schedules, files. */
export function training(context: Context): Calls {
  const { engine, tensors, matrix, leaf, f32 } = context;
  const engines = slot(engine, (value) => value === engine);
  const window = slot(3, (value) => {
    return isCount(value as number) || (Array.isArray(value) && value.length === 2 && value.every(isCount));
  });
  const convolution = { groups: choice(1, 2), bias: flag };
  const normalisation = { epsilon, affine: flag };
  const isParameters = (value: unknown): boolean =>
    value === leaf || (Array.isArray(value) && value.length === 1 && value[0] === leaf);
  const parameters = slot([leaf], isParameters, [[matrix], [leaf, leaf], [leaf, 1], { a: null }]);
  const optimiser = { parameters, learningRate: atLeast0, weightDecay: optional(atLeast0) };
  const betas = slot([0.9, 0.99], (value) => {
    if (value === undefined) return true;
    return (
      Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "number" && one >= 0 && one < 1)
    );
  });
  const adam = { ...optimiser, betas, epsilon: aboveZero };
  const needed = ["parameters", "learningRate"] as const;
  const weights = slot([2, 3], (value) => isShape(value) && (value as number[]).length >= 2 && product(value) > 0);
  const gain = optional(numbers(1, (value) => isF32(value) && Math.fround(value) > 0));
  const deviation = optional(atLeast0);
  const limit = optional(numbers(2, (value) => value > 0 && value <= 5));
  const isAll = (x: library.Tensor, least: number) => (value: unknown) =>
    value === x || (Array.isArray(value) && value.length >= least && value.every((one) => one === x));
  const milestones = slot([1, 2], (value) => {
    return Array.isArray(value) && value.every((one, i) => Number.isInteger(one) && one > (value[i - 1] ?? 0));
  });
  const layers: readonly (readonly [layer: library.Layer, input: Slot])[] = [
    [new library.Linear(engine, 3, 2), context.like(["f32"], (found) => found.at(-1) === 3)],
    [
      new library.Conv1d(engine, 2, 2, 2),
      tensors.of(context.sequence, ["f32"], (found) => found.length === 3 && found[1] === 2),
    ],
    [
      new library.Conv2d(engine, 2, 2, 2),
      tensors.of(context.image, ["f32"], (found) => found.length === 4 && found[1] === 2),
    ],
    [new library.BatchNorm1d(engine, 3), context.like(["f32"], (found) => found.length === 2 && found[1] === 3)],
    [new library.LayerNorm(engine, 3), context.like(["f32"], (found) => found.at(-1) === 3)],
    [new library.Embedding(engine, 3, 2), tensors.of(context.indices, ["i32", "u32"])],
    [new library.Dropout(engine, 0.5), f32],
  ];
  return {
    ...made(library.Linear, engines, count, count, options({ bias: flag })),
    ...made(library.Conv1d, engines, count, count, count, options(convolution)),
    ...made(library.Conv2d, engines, count, count, window, options(convolution)),
    ...made(library.BatchNorm1d, engines, count, options({ ...normalisation, momentum: optional(probability) })),
    ...made(library.BatchNorm2d, engines, count, options({ ...normalisation, momentum: optional(probability) })),
    ...made(library.LayerNorm, engines, count, options(normalisation)),
    ...made(library.Embedding, engines, count, count),
    ...made(library.Dropout, engines, probability, options({ stream: streamFrom(1) })),
    ...made(
      library.Sequential,
      slot(library.relu, (value) => typeof value === "function"),
    ),
    ...Object.fromEntries(
      layers.map(([layer, input]) => [
        `${layer.constructor.name}.forward`,
        { slots: [input], run: (x: library.Tensor) => layer.forward(x) },
      ]),
    ),
    ...calls(
      ["kaimingUniform", "kaimingNormal"],
      engines,
      weights,
      options({ label, negativeSlope: optional(finite) }),
    ),
    ...calls(["xavierUniform", "xavierNormal", "orthogonalParameter"], engines, weights, options({ label, gain })),
    ...call("uniformParameter", engines, shape, options({ label, low, high })),
    ...call("normalParameter", engines, shape, options({ label, mean: optional(finite), deviation })),
    ...call("truncatedNormalParameter", engines, shape, options({ label, mean: optional(finite), deviation, limit })),
    ...call("constantParameter", engines, shape, options({ label, value: optional(finite) })),
    ...made(library.SGD, options({ ...optimiser, momentum: share, nesterov: flag }, ...needed)),
    ...made(library.Adam, options({ ...adam, decoupled: flag }, ...needed)),
    ...made(library.AdamW, options(adam, ...needed)),
    ...made(library.RMSprop, options({ ...optimiser, decay: share, epsilon: aboveZero, momentum: share }, ...needed)),
    ...call(
      "clipGradientNorm",
      slot([leaf], (value) => isAll(leaf, 0)(value) || isEmpty(value), [[1], { a: null }]),
      numbers(1, (value) => value > 0 && isF32(value)),
    ),
    ...call("globalNorm", slot([matrix], isAll(matrix, 1), [[], [1], [context.indices], { a: null }])),
    ...call("flattenParameters", slot([leaf], isEmpty)),
    ...call("stepSchedule", options({ initial: atLeast0, milestones, factor: aboveZero }, "initial", "milestones")),
    ...call(
      "cosineSchedule",
      options(
        {
          initial: atLeast0,
          steps: slot(10, (value) => Number.isInteger(value) && Number(value) > 2),
          final: optional(atLeast0),
          warmup: slot(2, (value) => value === undefined || (isWhole(value) && value < 10)),
        },
        "initial",
        "steps",
      ),
    ),
    ...call(
      "decodeSafetensors",
      slot(new Uint8Array(0), () => false),
    ),
    loadSafetensors: {
      slots: [slot(new Uint8Array(0), () => false)],
      run: (file) => library.loadSafetensors(file, { leaf }),
    },
  };
}
