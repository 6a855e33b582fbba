import { Engine, Tensor } from "webgpu-imle";
import { choice, exactly, flag, isF32, isShape, isWhole, numbers, optional, options, slot } from "../slots.js";
import { atLeast0, call, type Calls, type Context, finite, high, label, low, product, shape, tensorOptions } from "./context.js";

/** Whether it is a number, or evenly nested arrays of them up to six deep. */
function isNested(value: unknown): boolean {
  const shapeOf = (one: unknown): readonly number[] | null => {
    if (typeof one === "number") return [];
    if (!Array.isArray(one)) return null;
    const inner = one.map(shapeOf);
    if (inner.includes(null) || new Set(inner.map(String)).size > 1) return null;
    return [one.length, ...(inner[0] ?? [])];
  };
  const found = shapeOf(value);
  return found !== null && found.length <= 6;
}

const isFunction = (value: unknown): boolean => typeof value === "function";
const isTypedArray = (value: unknown): value is ArrayLike<number> =>
  ArrayBuffer.isView(value) && [DataView, BigInt64Array, BigUint64Array].every((type) => !(value instanceof type));

/** What makes tensors, and methods of the engine and of tensors. */
export function creation(context: Context): Calls {
  const { engine, tensors, matrix, leaf } = context;
  const data = slot(
    [
      [1, 2],
      [3, 4],
    ],
    (value) => isNested(value) || isTypedArray(value),
    [[[1], [2, 3]], [[1], 2], ["a"], new BigInt64Array(2), new DataView(new ArrayBuffer(8))],
  );
  const six = slot(
    [1, 2, 3, 4, 5, 6],
    (value) =>
      (isTypedArray(value) || (Array.isArray(value) && value.every((one) => typeof one === "number"))) &&
      value.length === 6,
  );
  const shapeOfSix = slot([2, 3], (value) => !Array.isArray(value) || (isShape(value) && product(value) === 6));
  const function_ = slot(() => null, isFunction);
  const buffer = slot(matrix.gpu.buffer, (value) => value === matrix.gpu.buffer);
  const inputs = slot(
    [leaf],
    (value) => Array.isArray(value) && value.length > 0 && value.every((x) => x instanceof Tensor),
    [[1], [leaf, null]],
  );
  const ownEncoder = engine.device.createCommandEncoder();
  const encoder = slot(ownEncoder, (value) => value === ownEncoder, [engine.device, matrix]);
  const backward = slot(
    (dy: Tensor) => dy,
    (value) => typeof value === "function",
  );
  const optionsOnly = options(tensorOptions);
  // An array in their place would be a shape.
  const noShape = { ...optionsOnly, wrong: optionsOnly.wrong.filter((value) => !Array.isArray(value)) };
  return {
    "engine.tensor": { slots: [data, noShape], run: (values, more) => engine.tensor(values, more) },
    "engine.tensor with a shape": {
      slots: [six, shapeOfSix, options(tensorOptions)],
      run: (values, sizes, more) => engine.tensor(values, sizes, more),
    },
    "engine.zeros": { slots: [shape, options(tensorOptions)], run: (sizes, more) => engine.zeros(sizes, more) },
    "engine.ones": { slots: [shape, options(tensorOptions)], run: (sizes, more) => engine.ones(sizes, more) },
    "engine.full": {
      slots: [shape, finite, options(tensorOptions)],
      run: (sizes, value, more) => engine.full(sizes, value, more),
    },
    "engine.arange": {
      slots: [
        slot(5, (value) => isShape([value]), [2 ** 40]),
        options({
          ...tensorOptions,
          start: optional(finite),
          step: optional(numbers(1, (step) => isF32(0.5 + 4 * step))),
        }),
      ],
      run: (length, more) => engine.arange(length, more),
    },
    "engine.uniform": {
      slots: [shape, options({ ...tensorOptions, low, high })],
      run: (sizes, more) => engine.uniform(sizes, more),
    },
    "engine.normal": {
      slots: [shape, options({ ...tensorOptions, mean: optional(finite), deviation: optional(atLeast0) })],
      run: (sizes, more) => engine.normal(sizes, more),
    },
    "engine.seed": {
      slots: [slot(1, (value) => isWhole(value) && value < 2 ** 32)],
      run: (seed) => engine.seed(seed),
    },
    "engine.wrap": {
      slots: [
        buffer,
        slot([2, 3], (value) => isShape(value) && product(value) <= 64),
        options({ offset: choice(0), dtype: choice("f32"), requiresGrad: flag, label }),
      ],
      run: (given, sizes, more) => engine.wrap(given, sizes, more),
    },
    "engine.scope": { slots: [function_], run: (run) => engine.scope(run) },
    "Engine.from": {
      slots: [
        slot(engine.device, (value) => value === engine.device),
        options({ debug: flag, tuning: slot(undefined, (value) => value === undefined) }),
      ],
      run: (device, more) => Engine.from(device, more),
    },
    "engine.capture": {
      slots: [function_, options({ fuse: flag })],
      run: (step, more) => engine.capture(step, more),
    },
    "engine.record": { slots: [encoder, function_], run: (given, run) => engine.record(given, run) },
    ...call("noGrad", function_),
    ...call("customGradient", options({ inputs, backward, forward: function_ }, "inputs", "forward", "backward")),
    "tensor.backward": {
      slots: [tensors.beside(tensors.of(matrix, ["f32"], exactly(2, 3)))],
      run: (dy) => leaf.backward(dy),
    },
    "tensor.write": {
      slots: [slot(new Float32Array(6), (value) => value instanceof Float32Array && value.length === 6)],
      run: (values) => leaf.write(values),
    },
    "tensor.copyTo": {
      slots: [buffer, slot(0, (value) => value === undefined || (isWhole(value) && value % 4 === 0 && value <= 232))],
      run: (target, offset) => leaf.copyTo(target, offset),
    },
    "tensor.grad": {
      slots: [tensors.beside(tensors.of(matrix, ["f32"], exactly(2, 3), (value) => value === null))],
      run: (grad) => (leaf.grad = grad),
    },
  };
}
