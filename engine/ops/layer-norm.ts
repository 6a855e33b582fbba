import gradientLanes from "../../kernels/layer-norm-gradient-lanes.wgsl";
import gradientSums from "../../kernels/layer-norm-gradient-sums.wgsl";
import gradientWorkgroup from "../../kernels/layer-norm-gradient-workgroup.wgsl";
import lanesSource from "../../kernels/layer-norm-lanes.wgsl";
import workgroupSource from "../../kernels/layer-norm-workgroup.wgsl";
import type { Slice } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import { formatShape, must } from "../error.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { type Factor, factorBuffers, factorPieces, factorVariant } from "./affine.js";
import { requireOptions, requireTensor } from "./arguments.js";
import {
  channelGradient,
  gradientSumsOf,
  normaliseChannels,
  requireEpsilon,
  requireVector,
  type Statistics,
  statisticsOf,
} from "./batch-norm.js";
import { channelTypes, sumChannels } from "./channels.js";
import { mapElements } from "./map.js";
import { planRows, type RowPlan } from "./rows.js";

/** Options of {@link layerNorm}. Both tensors have one number for each place of the last axis, f32. */
export interface LayerNormOptions {
  /** What the normalised elements are multiplied with; by default 1. */
  weight?: Tensor;
  /** What is added to them; by default 0. */
  bias?: Tensor;
  /** ε, added to the variance, above 0; 1e-5 by default. */
  epsilon?: number;
}

const sources = {
  "layer-norm-lanes": lanesSource,
  "layer-norm-workgroup": workgroupSource,
  "layer-norm-gradient-lanes": gradientLanes,
  "layer-norm-gradient-workgroup": gradientWorkgroup,
} as const;

/** x seen as rows. */
interface Rows {
  readonly rows: number;
  readonly length: number;
  readonly epsilon: number;
}

/**
 * (x − mean)/√(variance + ε)·weight + bias, mean and (biased) variance being those of each row along the last axis
 * (Ba, Kiros, Hinton 2016). Variances do not suffer from means far from 0.
 *
 * @param x `[..., length]`, f32
 * @throws ImleError `shape` where x is a scalar, or weight or bias is not `[length]`; `value` where epsilon is not
 * above 0
 */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Tensor {
  requireOptions("layerNorm", options, ["weight", "bias", "epsilon"]);
  const { weight, bias, epsilon = 1e-5 } = options;
  requireTensor("layerNorm", "x", x, ["f32"]);
  const { engine, shape, size } = x;
  must(
    shape.length > 0,
    "shape",
    () => `layerNorm: x must have an axis to normalise along, got shape ${formatShape(shape)}`,
    "Reshape it to [..., length].",
  );
  const length = shape.at(-1)!;
  const given = Object.entries({ weight, bias }).filter(([, one]) => one !== undefined);
  for (const [name, tensor] of given) requireVector("layerNorm", name, tensor, length, "place of the last axis");
  engine.check("layerNorm", [x, ...given.map(([, tensor]) => tensor!)]);
  requireEpsilon("layerNorm", epsilon);
  const rows = { rows: size === 0 ? 0 : size / length, length, epsilon };
  return engine.scope(() => {
    const { y, statistics } = forward(x, rows, weight, bias);
    record({
      label: "layerNorm",
      inputs: [x, ...(weight ? [weight] : []), ...(bias ? [bias] : [])],
      outputs: [y],
      saved: [x, statistics.means, statistics.inverses, ...(weight ? [weight] : [])],
      backward: ([dy]) => {
        const isParametric = weight?.requiresGrad || bias?.requiresGrad;
        const sums = isParametric ? gradientSumsOfRows(x, dy!, rows, statistics) : null;
        return [
          x.requiresGrad ? backward(x, dy!, rows, statistics, weight) : null,
          ...(weight ? [sums && sums.products] : []),
          ...(bias ? [sums && sums.sums] : []),
        ];
      },
    });
    return y;
  });
}

function forward(x: Tensor, rows: Rows, weight?: Tensor, bias?: Tensor): { y: Tensor; statistics: Statistics } {
  const { engine, shape } = x;
  const plan = planRows(withVectors([x, weight, bias]), rows.rows, rows.length, 1);
  if (x.size > 0 && plan.strategy === "split") return forwardSplit(x, rows, weight, bias);
  const y = engine.output("layerNorm", shape);
  const perRow = (): Tensor => engine.output("layerNorm", [rows.rows]);
  const statistics = { means: perRow(), inverses: perRow() };
  dispatchRows("layer-norm", plan, x, rows, {
    buffers: { x: x.slice("layerNorm"), y: y.slice("layerNorm") },
    statistics,
    factors: [
      { name: "weight", tensor: weight, binding: 5 },
      { name: "bias", tensor: bias, binding: 6 },
    ],
  });
  return { y, statistics };
}

function backward(x: Tensor, dy: Tensor, rows: Rows, statistics: Statistics, weight?: Tensor): Tensor {
  const plan = planRows(withVectors([x, dy, weight]), rows.rows, rows.length, 1);
  if (x.size > 0 && plan.strategy === "split") return backwardSplit(x, dy, rows, statistics, weight);
  const dx = dy.engine.output("layerNorm", x.shape);
  dispatchRows("layer-norm-gradient", plan, x, rows, {
    buffers: { x: x.slice("layerNorm"), dy: dy.slice("layerNorm"), dx: dx.slice("layerNorm") },
    statistics,
    factors: [{ name: "weight", tensor: weight, binding: 6 }],
  });
  return dx;
}

const withVectors = (tensors: readonly (Tensor | undefined)[]): Tensor[] =>
  tensors.filter((tensor) => tensor !== undefined);

interface RowOperands {
  readonly buffers: Readonly<Record<string, Slice>>;
  readonly statistics: Statistics;
  readonly factors: readonly Factor[];
}

function dispatchRows(
  kind: "layer-norm" | "layer-norm-gradient",
  { grouping, strategy, lanes }: RowPlan,
  { engine }: Tensor,
  { rows, length, epsilon }: Rows,
  { buffers, statistics, factors }: RowOperands,
): void {
  if (rows === 0) return;
  const file = `${kind}-${strategy as "lanes" | "workgroup"}` as const;
  engine.dispatch({
    kernel: engine.kernel(
      `${file}:${grouping}:${lanes}:${factorVariant(factors)}`,
      () => [
        constants({ LANES: lanes }),
        ...channelTypes(grouping),
        rowUniforms,
        ...factorPieces(factors, "T"),
        { name: `kernels/${file}.wgsl`, text: sources[file] },
      ],
      "layerNorm",
    ),
    buffers: {
      ...buffers,
      means: statistics.means.slice("layerNorm"),
      inverses: statistics.inverses.slice("layerNorm"),
      ...factorBuffers("layerNorm", factors),
    },
    uniforms: { count: rows, length: grouping === "rows" ? length / 4 : length, share: 1 / length, epsilon },
    workgroups: strategy === "lanes" ? Math.ceil(rows / lanes) : rows,
  });
}

const rowUniforms: Piece = {
  name: "uniforms",
  text: /* @__PURE__ */ [
    "struct Uniforms { count: u32, length: u32, share: f32, epsilon: f32 }",
    "@group(0) @binding(0) var<uniform> uniforms: Uniforms;",
  ].join("\n"),
};

/** Σ dy and Σ dy·x̂ over the rows: the gradients of bias and weight. */
function gradientSumsOfRows(
  x: Tensor,
  dy: Tensor,
  { rows, length }: Rows,
  { means, inverses }: Statistics,
): { sums: Tensor; products: Tensor } {
  const label = "layerNorm gradient";
  return sumChannels(dy.engine, {
    label,
    view: { images: rows, channels: length, inner: 1 },
    pieces: [{ name: "kernels/layer-norm-gradient-sums.wgsl", text: gradientSums }],
    buffers: {
      x: x.slice(label),
      dy: dy.slice(label),
      means: means.slice(label),
      inverses: inverses.slice(label),
    },
  });
}

/** Few, very long rows: as the channels of one image, each of which is taken up by many lanes. */
function forwardSplit(
  x: Tensor,
  { rows, length, epsilon }: Rows,
  weight?: Tensor,
  bias?: Tensor,
): { y: Tensor; statistics: Statistics } {
  const { engine, shape } = x;
  const view = { images: 1, channels: rows, inner: length };
  const statistics = statisticsOf(x, view, epsilon);
  const normalised = engine.output("layerNorm", shape);
  normaliseChannels("layerNorm", x, normalised, view, statistics);
  if (!weight && !bias) return { y: normalised, statistics };
  const y = mapElements(engine, {
    label: "layerNorm of parts",
    expression: "x * weight + bias",
    dtype: "f32",
    operands: { x: normalised, weight: weight ?? 1, bias: bias ?? 0 },
    shape,
  });
  normalised.dispose();
  return { y, statistics };
}

function backwardSplit(
  x: Tensor,
  dy: Tensor,
  { rows, length }: Rows,
  statistics: Statistics,
  weight?: Tensor,
): Tensor {
  const view = { images: 1, channels: rows, inner: length };
  const weighted = weight ? dy.mul(weight) : dy;
  const sums = gradientSumsOf(x, weighted, view, statistics);
  return channelGradient("layerNorm", x, weighted, view, statistics, sums);
}
