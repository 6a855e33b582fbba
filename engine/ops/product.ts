import registers from "../../kernels/matmul-registers.wgsl";
import summation from "../../kernels/matmul-sum.wgsl";
import workgroupMemory from "../../kernels/matmul-workgroup.wgsl";
import type { Slice } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import type { Engine } from "../engine.js";
import type { UniformValue } from "../kernel.js";
import type { Tensor } from "../tensor.js";
import { type Access, type BlockVariant, registerTile, workgroupTile } from "./tiles.js";

/** A product of two matrices, or of what an operation presents as such, batched. */
export interface Product {
  readonly operation: string;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly batches: number;
  /** How four numbers at once can be loaded; see {@link Access}. */
  readonly left: Access;
  readonly right: Access;
  /** Along which axis neighbours in memory lie, for loads by many lanes together. */
  readonly leftAlongInner: boolean;
  readonly rightAlongInner: boolean;
  /** Whether four neighbouring columns of the product can be stored at once. */
  readonly vectorStores: boolean;
  /** Names the text of the operands, and what it is composed with. */
  readonly name: string;
  /** The operands' text, for these ways of loading. */
  readonly operands: (left: Access, right: Access, vectorStores: boolean) => readonly Piece[];
  /** The operands' buffers and uniforms, for these ways of loading. */
  readonly buffers: Readonly<Record<string, Slice>>;
  readonly uniforms: (left: Access, right: Access) => Readonly<Record<string, UniformValue>>;
  readonly output: Tensor;
}

/** How the product is cut up among lanes or workgroups. */
interface Plan {
  /** Rows and columns of what a lane, or a workgroup, computes. */
  readonly rows: number;
  readonly columns: number;
  /** Stretches of the inner axis that are summed by themselves first. */
  readonly splits: number;
  readonly unroll: number;
}

/** A piece that says of each operand whether its buffer is an array of vec4f, or of f32. */
export function elements(isVector: Readonly<Record<string, boolean>>): Piece {
  const aliases = Object.entries(isVector).map(([name, vector]) => `alias ${name} = ${vector ? "vec4f" : "f32"};`);
  return { name: "elements", text: aliases.join("\n") };
}

/**
 * Computes a product into its output, whose elements are all written: by lanes that keep a tile in registers on software
 * adapters, by workgroups that share their operands in workgroup memory on GPUs.
 */
export function multiplyTiled(product: Product): void {
  const { output } = product;
  const { engine } = output;
  if (output.size === 0) return;
  const plan = engine.software ? planTiles(product) : planBlocks(product);
  if (plan.splits === 1) {
    dispatch(product, plan, output);
    return;
  }
  const partial = engine.output(product.operation, [plan.splits, output.size]);
  dispatch(product, plan, partial);
  addParts(engine, product.operation, partial, output, plan.splits);
  partial.dispose();
}

const lanesOfTiles = 8;
const tilesInBand = 8;

function dispatch(product: Product, plan: Plan, output: Tensor): void {
  const { engine } = output;
  const { rows, columns, inner, batches, operation } = product;
  const across = Math.ceil(columns / plan.columns);
  const down = Math.ceil(rows / plan.rows);
  const band = Math.ceil(across / Math.ceil(across / tilesInBand));
  const bands = Math.ceil(across / band);
  const tiles = band * bands * down * plan.splits * batches;
  const byLanes = engine.software;
  const [left, right] = byLanes ? [product.left, product.right] : (["scalar", "scalar"] as const);
  const vectorStores = byLanes && product.vectorStores;
  const pieces = (): readonly Piece[] => [
    ...product.operands(left, right, vectorStores),
    ...(byLanes ? tilePieces(product, plan) : blockPieces(product)),
  ];
  const { leftAlongInner, rightAlongInner } = product;
  const loads = byLanes
    ? `${left}:${right}:${vectorStores}:${plan.unroll}`
    : `workgroup:${leftAlongInner}:${rightAlongInner}`;
  engine.dispatch({
    kernel: engine.kernel(`${product.name}:${plan.rows}x${plan.columns}:${loads}`, pieces, operation),
    buffers: { ...product.buffers, product: output.slice(operation) },
    uniforms: {
      tiles,
      band,
      bands,
      tiles_down: down,
      splits: plan.splits,
      split_inner: Math.ceil(inner / plan.splits / plan.unroll) * plan.unroll,
      rows,
      columns,
      inner,
      ...product.uniforms(left, right),
    },
    workgroups: byLanes ? Math.ceil(tiles / lanesOfTiles) : tiles,
  });
}

function tilePieces({ left, right, vectorStores }: Product, { rows, columns, unroll }: Plan): readonly Piece[] {
  return [
    constants({ LANES: lanesOfTiles, TILE_ROWS: rows, TILE_COLUMNS: columns }),
    registerTile({ rows, columns, left, right, unroll, vectorStores }),
    { name: "kernels/matmul-registers.wgsl", text: registers },
  ];
}

const block: BlockVariant = { rows: 4, columns: 4, depth: 16, lanesAcross: 16, lanesDown: 16 };

function blockPieces({ leftAlongInner, rightAlongInner }: Product): readonly Piece[] {
  return [
    constants({
      TILE_ROWS: block.rows,
      TILE_COLUMNS: block.columns,
      DEPTH: block.depth,
      LANES_ACROSS: block.lanesAcross,
      LANES_DOWN: block.lanesDown,
      LEFT_ALONG_INNER: Number(leftAlongInner),
      RIGHT_ALONG_INNER: Number(rightAlongInner),
    }),
    workgroupTile(block),
    { name: "kernels/matmul-workgroup.wgsl", text: workgroupMemory },
  ];
}

function addParts(engine: Engine, operation: string, partial: Tensor, output: Tensor, parts: number): void {
  const width = output.size % 4 === 0 ? 4 : 1;
  const lanes = 64;
  engine.dispatch({
    kernel: engine.kernel(`product-sum:${width}`, () => [
      constants({ LANES: lanes }),
      elements({ T: width === 4 }),
      { name: "kernels/matmul-sum.wgsl", text: summation },
    ]),
    buffers: { partial: partial.slice(operation), product: output.slice(operation) },
    uniforms: { count: output.size / width, parts },
    workgroups: Math.ceil(output.size / width / lanes),
  });
}

/** Tiles a lane may take, and the multiplications from which the longer compilation of a larger one pays. */
const tileSizes = [
  { size: 16, from: 2 ** 25 },
  { size: 8, from: 0 },
  { size: 4, from: 0 },
] as const;

/** Lanes that keep a processor busy: a few cores of eight lanes, and some more to even out. */
const lanesWanted = 64;
const innerWorthSplitting = 64;
/** A longer inner axis is split on any account: lavapipe stops an invocation after 65,535 turns of its loops. */
const longestStretch = 2 ** 14;

/** Stretches of the inner axis: so many that there is work for all, and none is too short or too long. */
function splitCount(inner: number, parts: number, wanted: number): number {
  const useful = Math.min(Math.ceil(wanted / parts), Math.floor(inner / innerWorthSplitting));
  return Math.max(1, useful, Math.ceil(inner / longestStretch));
}

function planTiles({ rows, columns, inner, batches, left, right }: Product): Plan {
  const work = rows * columns * inner * batches;
  const tile = tileSizes.find(({ size, from }) => work >= from && (rows > size / 2 || columns > size / 2)) ?? tileSizes[2];
  const { size } = tile;
  const tiles = Math.ceil(rows / size) * Math.ceil(columns / size) * batches;
  const unroll = inner % 4 === 0 ? 4 : inner % 2 === 0 ? 2 : 1;
  const splits = splitCount(inner, tiles, lanesWanted);
  return { rows: size, columns: size, splits, unroll: left === "inner" || right === "inner" ? 4 : unroll };
}

/** Workgroups that keep a GPU busy. */
const blocksWanted = 256;

function planBlocks({ rows, columns, inner, batches }: Product): Plan {
  const blockRows = block.rows * block.lanesDown;
  const blockColumns = block.columns * block.lanesAcross;
  const blocks = Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns) * batches;
  const splits = splitCount(inner, blocks, blocksWanted);
  return { rows: blockRows, columns: blockColumns, splits, unroll: block.depth };
}
