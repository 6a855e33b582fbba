import biasSource from "../../kernels/convolution-bias.wgsl";
import pixelColumns from "../../kernels/convolution-pixels.wgsl";
import tapColumns from "../../kernels/convolution-taps.wgsl";
import source from "../../kernels/convolution.wgsl";
import { constants, type Piece } from "../compose.js";
import type { Tensor } from "../tensor.js";
import { elements, multiplyTiled, type Product } from "./product.js";
import type { Access } from "./tiles.js";

/** Of the vertical axis, then of the horizontal one. */
export type Pair = readonly [number, number];

export const area = ([height, width]: Pair): number => height * width;

/** One of a convolution's three products, in the words of kernels/convolution.wgsl. */
export interface ConvolutionProduct {
  /** Of one group, as are the columns and the inner axis. */
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly groups: number;
  /** Element (row, k) of group g lies at `g·group + row·row + ⌊k / run⌋·jump + k % run`. */
  readonly left: Readonly<Record<"row" | "run" | "jump" | "group", number>> & { readonly tensor: Tensor };
  readonly image: Tensor;
  readonly imageSize: Pair;
  /** Of all groups, as are the product's rows. */
  readonly imageChannels: number;
  readonly columnsAre: "pixels" | "taps";
  readonly pixels: { readonly start: Pair; readonly step: Pair; readonly count: Pair };
  readonly taps: { readonly step: Pair; readonly count: Pair };
  /** Whether a tap may lie outside of the image. */
  readonly isPadded: boolean;
  readonly product: Tensor;
  /** Columns that lie side by side in the product. */
  readonly productArea: number;
  readonly productRows: number;
  readonly bias: Tensor | undefined;
}

/** Computes it into its product, whose elements are all written. */
export function multiply(part: ConvolutionProduct): void {
  const { rows, columns, inner, groups, left, image, imageSize, imageChannels, pixels, taps } = part;
  const { columnsAre, product, productArea, productRows, bias } = part;
  const isDense = readsFours(part);
  const isPadded = part.isPadded && !isDense;
  const imageArea = area(imageSize);
  const leftSteps = [left.row, left.run, left.jump, left.group];
  multiplyTiled({
    operation: "convolution",
    name: `convolution:${columnsAre}:${isPadded}:${bias !== undefined}`,
    rows,
    columns,
    inner,
    batches: groups,
    left: leftSteps.every((step) => step % 4 === 0) ? "inner" : "scalar",
    right: !isDense ? "scalar" : columnsAre === "pixels" ? "outer" : "inner",
    leftAlongInner: true,
    rightAlongInner: columnsAre === "taps",
    vectorStores: productArea % 4 === 0,
    operands: (access, right, vectorStores) => [
      constants({
        LEFT_INNER: widthOf(access),
        IMAGE_PIXELS: widthOf(right),
        PRODUCT_COLUMNS: vectorStores ? 4 : 1,
        PADDED: Number(isPadded),
      }),
      elements({ Left: access !== "scalar", Image: right !== "scalar", Product: vectorStores }),
      { name: "kernels/convolution.wgsl", text: source },
      columnsAre === "pixels"
        ? { name: "kernels/convolution-pixels.wgsl", text: pixelColumns }
        : { name: "kernels/convolution-taps.wgsl", text: tapColumns },
      bias ? { name: "kernels/convolution-bias.wgsl", text: biasSource } : withoutBias,
    ],
    buffers: {
      left: left.tensor.slice("convolution"),
      image: image.slice("convolution"),
      ...(bias && { bias: bias.slice("convolution") }),
    },
    uniforms: (access, right) => ({
      left_row: left.row / widthOf(access),
      left_run: left.run / widthOf(access),
      left_jump: left.jump / widthOf(access),
      left_group: left.group / widthOf(access),
      product_size: product.size,
      product_area: productArea,
      product_jump: productRows * productArea,
      product_group: rows * productArea,
      image_group: (imageChannels / groups) * imageArea,
      pixel_channels: imageChannels * imageArea,
      tap_channels: imageArea,
      pixel_start: pixels.start,
      // Read by fours, an image is one line of them.
      ...(right === "scalar"
        ? { image: imageSize, pixel_step: pixels.step, pixel_count: pixels.count }
        : { image: [1, imageArea], pixel_step: [1, 4], pixel_count: [1, imageArea / 4] }),
      tap_step: taps.step,
      tap_count: taps.count,
    }),
    output: product,
  } satisfies Product);
}

/** Whether neighbouring pixels lie side by side, four to a load: a window of 1×1 that steps over every pixel. */
function readsFours({ imageSize, pixels, taps }: ConvolutionProduct): boolean {
  const isEvery = [0, 1].every(
    (axis) => pixels.start[axis] === 0 && pixels.step[axis] === 1 && pixels.count[axis] === imageSize[axis],
  );
  return isEvery && area(taps.count) === 1 && area(imageSize) % 4 === 0;
}

const withoutBias: Piece = { name: "initial", text: "fn initial_at(batch: Batch, row: u32) -> f32 { return 0.0; }" };

const widthOf = (access: Access): number => (access === "scalar" ? 1 : 4);
