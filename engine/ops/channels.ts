import sumsSource from "../../kernels/lib/channel-sums.wgsl";
import finishSource from "../../kernels/channel-sums-finish.wgsl";
import lanesSource from "../../kernels/channels-lanes.wgsl";
import walkSource from "../../kernels/channels.wgsl";
import workgroupSource from "../../kernels/channels-workgroup.wgsl";
import type { Slice } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import type { Engine } from "../engine.js";
import type { Tensor } from "../tensor.js";
import { fill } from "./create.js";
import { type RowGrouping, rowTypes } from "./rows.js";

/** A tensor seen as [images, channels, inner], of which each channel is reduced. */
export interface ChannelView {
  readonly images: number;
  readonly channels: number;
  readonly inner: number;
}

/** How a kernel takes the elements of a view together, and their counts in what it takes at once. */
export interface ChannelGrouping {
  readonly grouping: RowGrouping;
  readonly channels: number;
  readonly inner: number;
}

interface Plan extends ChannelGrouping {
  readonly strategy: "lanes" | "workgroup";
  readonly lanes: number;
  /** Parts that a channel is reduced to; another dispatch joins them. */
  readonly splits: number;
}

/** What is to be reduced: the pieces of kernels/channels.wgsl, and what they read. */
export interface ChannelReduction {
  readonly label: string;
  readonly view: ChannelView;
  readonly pieces: readonly Piece[];
  readonly buffers: Readonly<Record<string, Slice>>;
  /** Numbers in a part. */
  readonly fields: number;
}

export const channelLanes = 64;
/** What one lane of the joining dispatch walks over at most. */
const mostSplits = 512;

/** Four neighbours at once where all are of one channel ("rows") or of four ("columns"). */
export function groupChannels({ channels, inner }: ChannelView): ChannelGrouping {
  if (inner % 4 === 0) return { grouping: "rows", channels, inner: inner / 4 };
  if (inner === 1 && channels % 4 === 0) return { grouping: "columns", channels: channels / 4, inner };
  return { grouping: "scalars", channels, inner };
}

/** T, W and what leads from one to the other; see {@link rowTypes}. */
export function channelTypes(grouping: RowGrouping): readonly Piece[] {
  const isRows = grouping === "rows";
  const first = { name: "first", text: `fn first_of(v: T) -> W { return ${isRows ? "v.x" : "v"}; }` };
  return [constants({ WIDTH: isRows ? 4 : 1 }), rowTypes(grouping), first];
}

/** Reduces every channel to parts, [splits, fields, channels], in one dispatch. */
export function reduceChannels(engine: Engine, reduction: ChannelReduction): { parts: Tensor; splits: number } {
  const { label, view, pieces, buffers, fields } = reduction;
  const { grouping, strategy, lanes, splits, channels, inner } = plan(engine, view);
  const parts = engine.output(label, [splits, fields, view.channels]);
  const count = splits * channels;
  const step = strategy === "workgroup" ? splits * lanes : splits;
  engine.dispatch({
    kernel: engine.kernel(
      `${label}:${grouping}:${strategy}:${lanes}`,
      () => [
        constants({ LANES: lanes }),
        ...channelTypes(grouping),
        { name: "kernels/channels.wgsl", text: walkSource },
        ...pieces,
        strategy === "lanes"
          ? { name: "kernels/channels-lanes.wgsl", text: lanesSource }
          : { name: "kernels/channels-workgroup.wgsl", text: workgroupSource },
      ],
      label,
    ),
    buffers: { ...buffers, parts: parts.slice(label) },
    uniforms: {
      count,
      splits,
      length: view.images * inner,
      channels,
      inner,
      step,
      step_image: Math.floor(step / inner),
      step_inner: step % inner,
    },
    workgroups: strategy === "lanes" ? Math.ceil(count / lanes) : count,
  });
  return { parts, splits };
}

/**
 * For each channel Σ dy, and Σ of dy times what the pieces multiply it with, in two dispatches.
 * @param reduction of kernels/lib/channel-sums.wgsl, which need not be among its pieces
 */
export function sumChannels(
  engine: Engine,
  reduction: Omit<ChannelReduction, "fields">,
): { sums: Tensor; products: Tensor } {
  const { label, view, pieces } = reduction;
  const { images, channels, inner } = view;
  if (images * channels * inner === 0) {
    return { sums: fill(engine, [channels], 0), products: fill(engine, [channels], 0) };
  }
  const withSums = [{ name: "kernels/lib/channel-sums.wgsl", text: sumsSource }, ...pieces];
  const { parts, splits } = reduceChannels(engine, { ...reduction, pieces: withSums, fields: 2 });
  const [sums, products] = [engine.output(label, [channels]), engine.output(label, [channels])];
  engine.dispatch({
    kernel: engine.kernel("channel sums", () => [
      constants({ LANES: channelLanes }),
      { name: "kernels/channel-sums-finish.wgsl", text: finishSource },
    ]),
    buffers: { parts: parts.slice(label), sums: sums.slice(label), products: products.slice(label) },
    uniforms: { count: channels, splits },
    workgroups: Math.ceil(channels / channelLanes),
  });
  parts.dispose();
  return { sums, products };
}

/** A pure function of the shape and the kind of adapter, as that of engine/ops/reduction.ts. */
function plan({ software, tuning }: Engine, view: ChannelView): Plan {
  const grouped = groupChannels(view);
  const items = view.images * grouped.inner;
  if (tuning.rows === "workgroup" && view.inner > 1 && items >= 32) {
    const lanes = items <= 256 ? 64 : 256;
    const wanted = Math.min(Math.ceil(1024 / grouped.channels), Math.floor(items / 1024));
    return { ...grouped, strategy: "workgroup", lanes, splits: Math.max(1, Math.min(wanted, mostSplits)) };
  }
  const forLanes = Math.min(Math.ceil((software ? 256 : 32768) / grouped.channels), Math.floor(items / 16));
  const wanted = Math.max(1, forLanes, Math.ceil(items / 4096));
  return { ...grouped, strategy: "lanes", lanes: channelLanes, splits: Math.min(wanted, mostSplits) };
}
