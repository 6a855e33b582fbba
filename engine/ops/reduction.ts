import lanesSource from "../../kernels/reduce-lanes.wgsl";
import workgroupSource from "../../kernels/reduce-workgroup.wgsl";
import { constants, type Piece } from "../compose.js";
import { holdsVectors, type Slice } from "../commands.js";
import type { Engine } from "../engine.js";
import type { DType, Tensor } from "../tensor.js";
import { mapElements } from "./map.js";

export type Fold = "sum" | "max" | "min" | "first";

const lowest = { f32: "-0x1.fffffep+127f", i32: "(-2147483647i - 1i)", u32: "0u" } as const;
const highest = { f32: "0x1.fffffep+127f", i32: "2147483647i", u32: "0xffffffffu" } as const;

/** What a fold is: how two are combined, the four components of a vector likewise, and what changes nothing. */
const folds = {
  sum: { identity: () => "0", combine: "a + b", components: "(v.x + v.y) + (v.z + v.w)" },
  max: {
    identity: (dtype: DType) => lowest[dtype],
    combine: "max(a, b)",
    components: "max(max(v.x, v.y), max(v.z, v.w))",
  },
  min: {
    identity: (dtype: DType) => highest[dtype],
    combine: "min(a, b)",
    components: "min(min(v.x, v.y), min(v.z, v.w))",
  },
} as const;

/** A tensor seen as [outer, length, inner], to be folded over its middle axis. */
export interface Block {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/**
 * How elements are taken together: scalars, four neighbours of the inner axis, or four neighbours of the length where
 * inner is 1 ("rows"; with "tail", the last four are not all there).
 */
type Grouping = "scalars" | "columns" | "rows" | "rows with tail";

interface Stage {
  readonly grouping: Grouping;
  readonly strategy: "lanes" | "workgroup";
  readonly lanes: number;
  /** Results that each row is folded to. */
  readonly splits: number;
  /** Lanes that take neighbouring elements, of as many splits: a divisor of `splits`. */
  readonly side: number;
}

const laneCount = 64;
/** No lane adds more than this in one row: rounding errors stay those of a short sum. */
const longestChain = 256;
/** Lanes that a processor runs as one vector, or two of them. */
const vectorLanes = 8;

/**
 * Folds x, seen as a block, over the middle axis, in as many dispatches as its length asks for; the length is not 0.
 * "first" gives, as u32, the first place where x equals `equalTo`, which has the shape [outer, inner].
 *
 * @param options.scale multiplies an f32 result
 * @returns [outer, inner] in the shape given; nothing is recorded on the tape
 */
export function reduceBlock(
  label: string,
  x: Tensor,
  block: Block,
  shape: readonly number[],
  options: { fold: Fold; scale?: number; equalTo?: Tensor },
): Tensor {
  const { engine } = x;
  const { fold, scale = 1, equalTo } = options;
  const { outer, length, inner } = block;
  const source = x.slice(label);
  const stage = planStage(engine, block, source, equalTo?.slice(label));
  const width = stage.grouping === "scalars" ? 1 : 4;
  const isRows = stage.grouping.startsWith("rows");
  const dtype = fold === "first" ? "u32" : x.dtype;
  const isLast = stage.splits === 1;
  const partial = engine.output(label, isLast ? shape : [outer, stage.splits, inner], dtype);
  const count = partial.size / (stage.grouping === "columns" ? 4 : 1);
  const items = isRows ? Math.ceil(length / width) : length;
  engine.dispatch({
    kernel: engine.kernel(`${label}:${fold}:${x.dtype}:${stage.grouping}:${stage.strategy}:${stage.lanes}`, () =>
      pieces(fold, x.dtype, dtype, stage),
    ),
    buffers: {
      x: source,
      result: partial.slice(label),
      ...(equalTo && { equal_to: equalTo.slice(label) }),
    },
    uniforms: {
      count,
      length: items,
      splits: stage.splits,
      side: stage.side,
      turns: Math.ceil(items / stage.splits),
      inner: stage.grouping === "columns" ? inner / 4 : inner,
      elements: length,
      scale: isLast ? scale : 1,
    },
    workgroups: stage.strategy === "lanes" ? Math.ceil(count / stage.lanes) : count,
  });
  if (isLast) return partial;
  const next = { outer, length: stage.splits, inner };
  const result = reduceBlock(label, partial, next, shape, { fold: fold === "first" ? "min" : fold, scale });
  partial.dispose();
  return result;
}

/** How the next stage folds: a pure function of the shape, the kind of adapter and the tuning. */
function planStage(engine: Engine, block: Block, x: Slice, equalTo: Slice | undefined): Stage {
  const { software, tuning } = engine;
  const { outer, length, inner } = block;
  const vectors = [x, equalTo].every((slice) => !slice || holdsVectors(slice));
  let grouping: Grouping = "scalars";
  if (vectors && inner % 4 === 0) grouping = "columns";
  else if (vectors && inner === 1 && length >= 8 && length % 4 === 0) grouping = "rows";
  else if (vectors && inner === 1 && length >= 8 && outer === 1) grouping = "rows with tail";
  const items = grouping.startsWith("rows") ? Math.ceil(length / 4) : length;
  const results = outer * (grouping === "columns" ? inner / 4 : inner);
  if (tuning.rows === "workgroup" && inner === 1 && items >= 32) {
    const wanted = results < 512 ? Math.min(Math.ceil(1024 / results), Math.floor(items / 1024)) : 1;
    const lanes = items <= 256 ? 64 : 256;
    const splits = Math.max(1, wanted, Math.ceil(items / (lanes * longestChain)));
    return { grouping, strategy: "workgroup", lanes, splits: evenly(splits, inner), side: 1 };
  }
  const [lanesWanted, leastChain] = software ? [256, longestChain] : [32768, 16];
  const wanted = Math.min(Math.ceil(lanesWanted / results), Math.floor(items / leastChain));
  const splits = evenly(Math.max(1, wanted, Math.ceil(items / longestChain)), inner);
  // A processor runs the vectors of a workgroup one after the other: each has a stretch of memory to itself. Sums of
  // 2²⁰ on lavapipe: 0.40 ms so, and 0.46 to 0.70 where all lanes read side by side, as a GPU wants it.
  const side = software && inner === 1 && splits > 1 ? vectorLanes : splits;
  return { grouping, strategy: "lanes", lanes: laneCount, splits, side };
}

/** Rounds splits up, so that the next stage can take them four at a time, and neighbours share a stretch. */
function evenly(splits: number, inner: number): number {
  return splits > 1 && inner === 1 ? Math.ceil(splits / vectorLanes) * vectorLanes : splits;
}

function pieces(fold: Fold, source: DType, dtype: DType, { grouping, strategy, lanes }: Stage): readonly Piece[] {
  const isRows = grouping.startsWith("rows");
  const type = (of: DType, isVector: boolean): string => (isVector ? `vec4<${of}>` : of);
  const isVector = grouping !== "scalars";
  const { identity, combine, components } = folds[fold === "first" ? "min" : fold];
  const place = isRows ? "4u * r + vec4u(0u, 1u, 2u, 3u)" : "r";
  let value = "x[at]";
  if (fold === "first") value = `select(identity(), T(${place}), x[at] == X(equal_to[kept]))`;
  if (grouping === "rows with tail") value = `select(identity(), ${value}, ${place} < vec4u(uniforms.elements))`;
  return [
    constants({ LANES: lanes }),
    {
      name: `fold of ${fold}`,
      text: [
        `alias X = ${type(source, isVector)};`,
        `alias T = ${type(dtype, isVector)};`,
        `alias R = ${type(dtype, isVector && !isRows)};`,
        "@group(0) @binding(2) var<storage, read> x: array<X>;",
        ...(fold === "first"
          ? [`@group(0) @binding(3) var<storage, read> equal_to: array<${type(source, isVector && !isRows)}>;`]
          : []),
        `fn identity() -> T { return T(${identity(dtype)}); }`,
        `fn combine(a: T, b: T) -> T { return ${combine}; }`,
        `fn fold(v: T) -> R { return ${isRows ? components : "v"}; }`,
        `fn scaled(v: R) -> R { return ${dtype === "f32" ? "v * uniforms.scale" : "v"}; }`,
        `fn load(at: u32, r: u32, kept: u32) -> T { return ${value}; }`,
      ].join("\n"),
    },
    strategy === "lanes"
      ? { name: "kernels/reduce-lanes.wgsl", text: lanesSource }
      : { name: "kernels/reduce-workgroup.wgsl", text: workgroupSource },
  ];
}

/** dy, of a block folded to `keptShape` (with lengths of 1), spread over `shape` again and scaled. */
export function spreadBack(
  engine: Engine,
  dy: Tensor,
  keptShape: readonly number[],
  shape: readonly number[],
  scale: number,
): Tensor {
  const kept = dy.alias(keptShape);
  const dx = mapElements(engine, {
    label: "spread",
    expression: "dy * scale",
    dtype: "f32",
    operands: { dy: kept, scale },
    shape,
  });
  kept.dispose();
  return dx;
}
