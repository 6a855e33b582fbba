import blocksSource from "../../kernels/reduce-blocks.wgsl";
import lanesSource from "../../kernels/reduce-lanes.wgsl";
import workgroupSource from "../../kernels/reduce-workgroup.wgsl";
import { constants, type Piece } from "../compose.js";
import { holdsElements, holdsVectors, type Slice } from "../commands.js";
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
  readonly strategy: "lanes" | "blocks" | "workgroup";
  readonly lanes: number;
  /** Vectors of four that are loaded at once, neighbours of the inner axis, or of the length where inner is 1. */
  readonly block: number;
  /** Results that each row is folded to. */
  readonly splits: number;
}

const sources = { lanes: lanesSource, blocks: blocksSource, workgroup: workgroupSource } as const;
const laneCount = 64;
/** No lane adds more than this in one row: rounding errors stay those of a short sum. */
const longestChain = 256;
/**
 * A processor takes long axes in blocks: a place is held within its buffer once a block, and each lane has a stretch of
 * memory to itself. Of the time by single vectors, sums of 2²⁰ take SwiftShader 0.8, lavapipe 0.93, and over axis 0 0.5.
 * SwiftShader then still loads each of the sixteen numbers of four lanes by itself, in 8 cycles or so: numbers side by
 * side, arrays of a known length, blocks of 2, 4 or 16 and a total for each vector of a block are no quicker.
 */
const blocks = { rows: 8, columns: 4, fromElements: 1 << 16, longestChain: 64 } as const;

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
  const width = stage.grouping === "scalars" ? 1 : 4 * stage.block;
  const isRows = stage.grouping.startsWith("rows");
  const dtype = fold === "first" ? "u32" : x.dtype;
  const isLast = stage.splits === 1;
  const partial = engine.output(label, isLast ? shape : [outer, stage.splits, inner], dtype);
  const count = partial.size / (isRows ? 1 : width);
  const items = isRows ? Math.ceil(length / width) : length;
  engine.dispatch({
    kernel: engine.kernel([label, fold, x.dtype, ...Object.values(stage).slice(0, 4)].join(":"), () =>
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
      inner: isRows ? 1 : inner / width,
      elements: length,
      scale: isLast ? scale : 1,
    },
    workgroups: stage.strategy === "workgroup" ? count : Math.ceil(count / stage.lanes),
  });
  if (isLast) return partial;
  const next = { outer, length: stage.splits, inner };
  try {
    return reduceBlock(label, partial, next, shape, { fold: fold === "first" ? "min" : fold, scale });
  } finally {
    partial.dispose();
  }
}

/** How the next stage folds: a pure function of the shape, the kind of adapter and the tuning. */
function planStage(engine: Engine, block: Block, x: Slice, equalTo: Slice | undefined): Stage {
  const { software, tuning } = engine;
  const { outer, length, inner } = block;
  const slices = equalTo ? [x, equalTo] : [x];
  const vectors = slices.every(holdsVectors);
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
    return { grouping, strategy: "workgroup", lanes, block: 1, splits: evenly(splits, inner) };
  }
  if (software && outer * length * inner >= blocks.fromElements) {
    const stage = planBlocks(block, slices);
    if (stage) return stage;
  }
  const [lanesWanted, leastChain] = software ? [256, longestChain] : [32768, 16];
  const wanted = Math.min(Math.ceil(lanesWanted / results), Math.floor(items / leastChain));
  const splits = evenly(Math.max(1, wanted, Math.ceil(items / longestChain)), inner);
  return { grouping, strategy: "lanes", lanes: laneCount, block: 1, splits };
}

/** Null where rows, or the axes within them, are not whole blocks, or give too few lanes something to do. */
function planBlocks({ outer, length, inner }: Block, slices: readonly Slice[]): Stage | null {
  const isRows = inner === 1;
  const block = isRows ? blocks.rows : blocks.columns;
  const [within, across] = isRows ? [length, outer] : [inner, outer * (inner / (4 * block))];
  const isWhole = within % (4 * block) === 0;
  if (!isWhole && !(isRows && outer === 1)) return null;
  if (!slices.every((slice) => holdsElements(slice, 16 * block))) return null;
  const items = isRows ? Math.ceil(length / (4 * block)) : length;
  const wanted = Math.min(Math.ceil(512 / across), Math.floor(items / blocks.longestChain));
  const splits = evenly(Math.max(1, wanted, Math.ceil(items / longestChain)), inner);
  if (across * splits < laneCount) return null;
  const grouping = isRows ? (isWhole ? "rows" : "rows with tail") : "columns";
  return { grouping, strategy: "blocks", lanes: laneCount, block, splits };
}

/** Rounds splits up, so that the next stage can take them four at a time. */
function evenly(splits: number, inner: number): number {
  return splits > 1 && inner === 1 ? Math.ceil(splits / 8) * 8 : splits;
}

function pieces(fold: Fold, source: DType, dtype: DType, stage: Stage): readonly Piece[] {
  const { grouping, strategy, lanes, block } = stage;
  const isRows = grouping.startsWith("rows");
  const isBlock = strategy === "blocks";
  const { identity, combine, components } = folds[fold === "first" ? "min" : fold];
  const vector = (of: DType): string => (grouping === "scalars" ? of : `vec4<${of}>`);
  const element = (of: DType): string => (isBlock ? `array<${vector(of)}, ${block}>` : vector(of));
  // A block of a row is folded as it is loaded; of columns, each vector has a total of its own.
  const parts = Array.from({ length: block }, (_, part) => (isBlock ? `[${part}]` : ""));
  const hasTotals = isBlock && !isRows;
  const each = (value: (part: string) => string): string =>
    hasTotals ? `T(${parts.map(value).join(", ")})` : value("");
  const load = (part: string, index = 0): string => {
    const place = isRows ? `4u * (${block}u * r + ${index}u) + vec4u(0u, 1u, 2u, 3u)` : "r";
    const wanted = isRows ? `${vector(source)}(equal_to[kept])` : `equal_to[kept]${part}`;
    let value = `x[at]${part}`;
    if (fold === "first") value = `select(nothing(), V(${place}), ${value} == ${wanted})`;
    return grouping === "rows with tail" ? `select(nothing(), ${value}, ${place} < vec4u(uniforms.elements))` : value;
  };
  const times = each((part) => `v${part} * uniforms.scale`);
  return [
    constants({ LANES: lanes }),
    {
      name: `fold of ${fold}`,
      text: [
        `alias V = ${vector(dtype)};`,
        `alias T = ${hasTotals ? element(dtype) : "V"};`,
        `alias R = ${isRows ? dtype : "T"};`,
        `@group(0) @binding(2) var<storage, read> x: array<${element(source)}>;`,
        ...(fold === "first"
          ? [`@group(0) @binding(3) var<storage, read> equal_to: array<${isRows ? source : element(source)}>;`]
          : []),
        `fn nothing() -> V { return V(${identity(dtype)}); }`,
        `fn combine_vectors(a: V, b: V) -> V { return ${combine}; }`,
        ...(isRows ? [`fn components_of(v: V) -> R { return ${components}; }`] : []),
        `fn identity() -> T { return ${each(() => "nothing()")}; }`,
        `fn combine(a: T, b: T) -> T { return ${each((part) => `combine_vectors(a${part}, b${part})`)}; }`,
        `fn fold(v: T) -> R { return ${isRows ? "components_of(v)" : "v"}; }`,
        `fn load(at: u32, r: u32, kept: u32) -> T { return ${isRows ? inPairs(parts.map(load)) : each(load)}; }`,
        `fn scaled(v: R) -> R { return ${dtype === "f32" ? times : "v"}; }`,
      ].join("\n"),
    },
    { name: `kernels/reduce-${strategy}.wgsl`, text: sources[strategy] },
  ];
}

/** The values combined two and two: a tree, whose parts do not wait for one another. */
function inPairs(values: readonly string[]): string {
  if (values.length === 1) return values[0]!;
  const half = values.length / 2;
  return `combine_vectors(${inPairs(values.slice(0, half))}, ${inPairs(values.slice(half))})`;
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
