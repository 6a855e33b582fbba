import averageSource from "../../kernels/average-pool.wgsl";
import averageGradient from "../../kernels/average-pool-gradient.wgsl";
import maxSource from "../../kernels/max-pool.wgsl";
import maxGradient from "../../kernels/max-pool-gradient.wgsl";
import adaptiveWindows from "../../kernels/pool-windows-adaptive.wgsl";
import stridedWindows from "../../kernels/pool-windows-strided.wgsl";
import type { Slice } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import type { Engine } from "../engine.js";
import { formatShape, formatValue, must } from "../error.js";
import { isRecorded, record } from "../tape.js";
import type { Axes, Tensor } from "../tensor.js";
import { requireOptions, requirePair, requireTensor } from "./arguments.js";
import { max, mean } from "./reduce.js";

/** Options of {@link maxPool2d} and {@link averagePool2d}. A pair is [vertical, horizontal]. */
export interface PoolOptions {
  /** Steps from window to window, from 1; by default the windows' size, so that they do not overlap. */
  stride?: number | readonly [number, number];
  /** Pixels added around the image, on both sides; at most half a window. */
  padding?: number | readonly [number, number];
}

type Pair = readonly [number, number];
type Name = "maxPool2d" | "averagePool2d" | "adaptiveMaxPool2d" | "adaptiveAveragePool2d";

/** Which windows an image is divided into; without a window, they are adaptive. */
interface Windows {
  readonly image: Pair;
  readonly count: Pair;
  readonly window: { readonly size: Pair; readonly stride: Pair; readonly padding: Pair } | null;
}

const lanes = 64;
/** Pixels that a lane walks over: lavapipe ends the loops of an invocation after 65,535 turns. */
const longestWalk = 2 ** 14;

/**
 * The greatest pixel of each window, channel by channel; padding is never chosen. The gradient goes to the first (in
 * row-major order) of equal ones, and is summed in a fixed order where windows overlap.
 *
 * @param x `[images, channels, height, width]`, f32
 * @param size of the windows, one number or [vertical, horizontal]
 * @returns `[images, channels, ⌊(height + 2·padding − size) / stride⌋ + 1, …]`
 * @throws ImleError `shape` where the image is empty or smaller than a window; `value` where size, stride or padding is
 * not a whole number in its range
 */
export function maxPool2d(x: Tensor, size: number | readonly [number, number], options: PoolOptions = {}): Tensor {
  return maxPool("maxPool2d", x, slidingWindows("maxPool2d", x, size, options));
}

/**
 * The average of each window, channel by channel; padding counts as zeros. Shapes and errors as {@link maxPool2d}.
 *
 * @param x `[images, channels, height, width]`, f32
 * @param size of the windows, one number or [vertical, horizontal]
 */
export function averagePool2d(x: Tensor, size: number | readonly [number, number], options: PoolOptions = {}): Tensor {
  return averagePool("averagePool2d", x, slidingWindows("averagePool2d", x, size, options));
}

/**
 * The greatest pixel of each of m windows that cover the n pixels of an axis: window i is the pixels from ⌊i·n/m⌋ to
 * before ⌈(i + 1)·n/m⌉. Gradient as {@link maxPool2d}.
 *
 * @param x `[images, channels, height, width]`, f32
 * @param size how many windows there are, one number or [vertical, horizontal]
 * @returns `[images, channels, ...size]`
 * @throws ImleError `shape` where the image is empty; `value` where size is not a whole number from 1; `limit` where
 * (n + 1)·(m + 1) exceeds 2³²
 */
export function adaptiveMaxPool2d(x: Tensor, size: number | readonly [number, number]): Tensor {
  return maxPool("adaptiveMaxPool2d", x, coveringWindows("adaptiveMaxPool2d", x, size));
}

/** The average of each window; windows, shapes and errors as {@link adaptiveMaxPool2d}. */
export function adaptiveAveragePool2d(x: Tensor, size: number | readonly [number, number]): Tensor {
  return averagePool("adaptiveAveragePool2d", x, coveringWindows("adaptiveAveragePool2d", x, size));
}

function maxPool(name: Name, x: Tensor, windows: Windows): Tensor {
  const { engine, shape } = x;
  const long = poolLong(name, x, windows, maxPool, max);
  if (long) return long;
  return engine.scope(() => {
    const outShape = [shape[0]!, shape[1]!, ...windows.count];
    const y = engine.output(name, outShape);
    const isKept = isRecorded([x]);
    const places = isKept ? engine.output(`${name} places`, outShape, "u32") : null;
    const buffers = { x: x.slice(name), y: y.slice(name), ...(places && { places: places.slice(name) }) };
    const kind = isKept ? "recorded" : "unrecorded";
    const pieces = [isKept ? keptPlaces : forgottenPlaces, file("max-pool", maxSource)];
    dispatch(engine, { name, kind, windows, count: y.size, buffers, pieces });
    if (!places) return y;
    record({
      label: name,
      inputs: [x],
      outputs: [y],
      saved: [places],
      backward: ([dy]) => {
        const dx = engine.output(name, shape);
        dispatch(engine, {
          name,
          kind: "gradient",
          windows,
          count: dx.size,
          buffers: { places: places.slice(name), dy: dy!.slice(name), dx: dx.slice(name) },
          pieces: [file("max-pool-gradient", maxGradient)],
        });
        return [dx];
      },
    });
    return y;
  });
}

function averagePool(name: Name, x: Tensor, windows: Windows): Tensor {
  const { engine, shape } = x;
  const long = poolLong(name, x, windows, averagePool, mean);
  if (long) return long;
  const y = engine.output(name, [shape[0]!, shape[1]!, ...windows.count]);
  dispatch(engine, {
    name,
    kind: "value",
    windows,
    count: y.size,
    buffers: { x: x.slice(name), y: y.slice(name) },
    pieces: [file("average-pool", averageSource)],
  });
  record({
    label: name,
    inputs: [x],
    outputs: [y],
    backward: ([dy]) => {
      const dx = engine.output(name, shape);
      dispatch(engine, {
        name,
        kind: "gradient",
        windows,
        count: dx.size,
        buffers: { dy: dy!.slice(name), dx: dx.slice(name) },
        pieces: [file("average-pool-gradient", averageGradient)],
      });
      return [dx];
    },
  });
  return y;
}

/**
 * Pools by windows that are too large to walk over at once: one that is the whole image by a reduction, others first
 * across and then down, which comes to the same (also in which of equal pixels is the first). Null for small windows.
 */
function poolLong(
  name: Name,
  x: Tensor,
  { image, count, window }: Windows,
  pool: (name: Name, x: Tensor, windows: Windows) => Tensor,
  reduce: (x: Tensor, axis: Axes, keepDims: boolean) => Tensor,
): Tensor | null {
  const covering = image.map((length, axis) => Math.ceil(length / count[axis]!) + Math.sign(length % count[axis]!));
  const [height, width] = (window ? window.size : covering) as Pair;
  if (height * width <= longestWalk) return null;
  const isWhole = count[0] * count[1] === 1 && (!window || (height === image[0] && width === image[1]));
  if (isWhole && !window?.padding.some((one) => one > 0)) return reduce(x, [2, 3], true);
  const stage = (from: Pair, to: Pair, axis: 0 | 1): Windows => {
    const along = ([y, x_]: Pair, other: number): Pair => (axis === 0 ? [y, other] : [other, x_]);
    const { size, stride, padding } = window ?? { size: [1, 1], stride: [1, 1], padding: [0, 0] };
    const one = { size: along(size, 1), stride: along(stride, 1), padding: along(padding, 0) };
    return { image: from, count: to, window: window && one };
  };
  if (height > 1 && width > 1) {
    const middle: Pair = [image[0], count[1]];
    return x.engine.scope(() => pool(name, pool(name, x, stage(image, middle, 1)), stage(middle, count, 0)));
  }
  must(
    height * width < 2 ** 16 - 1,
    "limit",
    () => `${name}: a window must be shorter than 65,535 pixels, got ${height}×${width}`,
    "Pool in two steps, or reduce with max() or mean().",
  );
  return null;
}

const keptPlaces: Piece = {
  name: "kept places",
  text: /* @__PURE__ */ [
    "@group(0) @binding(3) var<storage, read_write> places: array<u32>;",
    "fn keep_place(i: u32, place: u32) { places[i] = place; }",
  ].join("\n"),
};
const forgottenPlaces: Piece = { name: "no places", text: "fn keep_place(i: u32, place: u32) {}" };

const file = (name: string, text: string): Piece => ({ name: `kernels/${name}.wgsl`, text });

interface Pass {
  readonly name: Name;
  /** What is computed; with the windows' kind it names the kernel. */
  readonly kind: string;
  readonly windows: Windows;
  /** One lane each. */
  readonly count: number;
  readonly buffers: Readonly<Record<string, Slice>>;
  readonly pieces: readonly Piece[];
}

function dispatch(engine: Engine, { name, kind, windows, count, buffers, pieces }: Pass): void {
  const { image, window } = windows;
  engine.dispatch({
    kernel: engine.kernel(
      `${name}:${kind}${window ? `:${window.size}:${window.stride}:${window.padding}` : ""}`,
      () => [constants({ LANES: lanes }), ...(window ? stridedPieces(window) : [adaptivePiece]), ...pieces],
      name,
    ),
    buffers,
    uniforms: { count, image, windows: windows.count },
    workgroups: Math.ceil(count / lanes),
  });
}

const adaptivePiece = /* @__PURE__ */ file("pool-windows-adaptive", adaptiveWindows);

function stridedPieces({ size, stride, padding }: NonNullable<Windows["window"]>): readonly Piece[] {
  const named = Object.entries({ SIZE: size, STRIDE: stride, PADDING: padding });
  const values = named.flatMap(
    ([name, [y, x]]) =>
      [
        [`${name}_Y`, y],
        [`${name}_X`, x],
      ] as const,
  );
  return [constants(Object.fromEntries(values)), file("pool-windows-strided", stridedWindows)];
}

function slidingWindows(name: Name, x: Tensor, size: unknown, options: PoolOptions): Windows {
  requireOptions(name, options, ["stride", "padding"]);
  const image = imageOf(name, x);
  const sizes = requirePair(name, "size", size, 1);
  const strides = requirePair(name, "stride", options.stride === undefined ? sizes : options.stride, 1);
  const padding = requirePair(name, "padding", options.padding === undefined ? 0 : options.padding, 0);
  must(
    padding.every((one, axis) => 2 * one <= sizes[axis]!),
    "value",
    () => `${name}: padding must be at most half of the size ${formatValue(sizes)}, got ${formatValue(padding)}`,
    "With more, windows would lie outside of the image.",
  );
  const padded = image.map((length, axis) => length + 2 * padding[axis]!);
  must(
    sizes.every((one, axis) => one <= padded[axis]!),
    "shape",
    () => `${name}: size must be at most the padded image's ${formatValue(padded)}, got ${formatValue(sizes)}`,
    "Use smaller windows or more padding.",
  );
  const count = sizes.map((one, axis) => Math.floor((padded[axis]! - one) / strides[axis]!) + 1) as [number, number];
  return { image, count, window: { size: sizes, stride: strides, padding } };
}

function coveringWindows(name: Name, x: Tensor, size: unknown): Windows {
  const image = imageOf(name, x);
  const count = requirePair(name, "size", size, 1);
  must(
    count.every((one, axis) => (one + 1) * (image[axis]! + 1) <= 2 ** 32),
    "limit",
    () => `${name}: (size + 1)·(image + 1) must be at most 2³², got ${formatValue(count)} and ${formatValue(image)}`,
    "Use fewer windows, or reshape a long axis into two.",
  );
  return { image, count, window: null };
}

/** Height and width of images [images, channels, height, width], of which there may be none, but no empty ones. */
function imageOf(name: Name, x: Tensor): Pair {
  requireTensor(name, "x", x, ["f32"]);
  const [height = 0, width = 0] = x.shape.slice(2);
  must(
    x.shape.length === 4 && height > 0 && width > 0,
    "shape",
    () =>
      `${name}: x must be [images, channels, height, width] with height and width from 1, ` +
      `got shape ${formatShape(x.shape)}`,
    "Reshape it, with 1 for axes that are missing.",
  );
  return [height, width];
}
