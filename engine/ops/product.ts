import quads from "../../kernels/matmul-quads.wgsl";
import registers from "../../kernels/matmul-registers.wgsl";
import summation from "../../kernels/matmul-sum.wgsl";
import workgroupMemory from "../../kernels/matmul-workgroup.wgsl";
import type { Slice } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import type { Engine } from "../engine.js";
import type { UniformValue } from "../kernel.js";
import type { Tensor } from "../tensor.js";
import type { Tuning } from "../tuning.js";
import { enableSubgroups, quadTile } from "./quad-tile.js";
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

/** How the product is cut up: among lanes or quads with a tile each, or among workgroups with a block each. */
interface Plan {
  readonly by: Tuning["products"];
  /** Rows and columns of what a lane, a quad or a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
  /** Stretches of the inner axis that are summed by themselves first. */
  readonly splits: number;
  /** Steps of the inner axis that are taken at once. */
  readonly unroll: number;
  /** Lanes of a workgroup. */
  readonly lanes: number;
  /** Where workgroups share their operands in workgroup memory. */
  readonly block?: BlockVariant;
}

/** A piece that says of each operand whether its buffer is an array of vec4f, or of f32. */
export function elements(isVector: Readonly<Record<string, boolean>>): Piece {
  const aliases = Object.entries(isVector).map(([name, vector]) => `alias ${name} = ${vector ? "vec4f" : "f32"};`);
  return { name: "elements", text: aliases.join("\n") };
}

/**
 * Computes a product into its output, whose elements are all written: by lanes or quads of lanes that keep a tile in
 * registers, or by workgroups that share their operands in workgroup memory; see {@link Tuning}.
 */
export function multiplyTiled(product: Product): void {
  const { output } = product;
  const { engine } = output;
  if (output.size === 0) return;
  const { products, largestTile } = engine.tuning;
  const plan = planners[products](product, largestTile);
  if (plan.splits === 1) {
    dispatch(product, plan, output);
    return;
  }
  let partial: Tensor;
  try {
    partial = engine.output(product.operation, [plan.splits, output.size]);
  } catch (error) {
    output.dispose(); // which its caller has made, and has not given to anybody yet
    throw error;
  }
  dispatch(product, plan, partial);
  addParts(engine, product.operation, partial, output, plan.splits);
  partial.dispose();
}

const tilesInBand = 8;

function dispatch(product: Product, plan: Plan, output: Tensor): void {
  const { engine } = output;
  const { rows, columns, inner, batches, operation } = product;
  const across = Math.ceil(columns / plan.columns);
  const down = Math.ceil(rows / plan.rows);
  const band = Math.ceil(across / Math.ceil(across / tilesInBand));
  const bands = Math.ceil(across / band);
  const tiles = band * bands * down * plan.splits * batches;
  const { by, block, lanes } = plan;
  const [left, right] = block ? (["scalar", "scalar"] as const) : [product.left, product.right];
  const vectorStores = !block && product.vectorStores;
  const pieces = (): readonly Piece[] => [
    ...(by === "quad" ? [enableSubgroups] : []),
    ...product.operands(left, right, vectorStores),
    ...(block ? blockPieces(product, block) : by === "quad" ? quadPieces(product, plan) : tilePieces(product, plan)),
  ];
  const { leftAlongInner, rightAlongInner } = product;
  const variant = block
    ? `workgroup:${leftAlongInner}:${rightAlongInner}`
    : `${by}:${left}:${right}:${vectorStores}:${plan.unroll}:${lanes}`;
  engine.dispatch({
    kernel: engine.kernel(`${product.name}:${plan.rows}x${plan.columns}:${variant}`, pieces, operation),
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
    workgroups: by === "lane" ? Math.ceil(tiles / lanes) : tiles,
  });
}

function tilePieces({ left, right, vectorStores }: Product, { rows, columns, unroll, lanes }: Plan): readonly Piece[] {
  return [
    constants({ LANES: lanes, TILE_ROWS: rows, TILE_COLUMNS: columns }),
    registerTile({ rows, columns, left, right, unroll, vectorStores }),
    { name: "kernels/matmul-registers.wgsl", text: registers },
  ];
}

function quadPieces({ left, right, vectorStores }: Product, { rows, columns, unroll }: Plan): readonly Piece[] {
  return [
    constants({ TILE_ROWS: rows, LANE_COLUMNS: columns / 4 }),
    quadTile({ rows, columns: columns / 4, left, right, unroll, vectorStores }),
    { name: "kernels/matmul-quads.wgsl", text: quads },
  ];
}

function blockPieces({ leftAlongInner, rightAlongInner }: Product, block: BlockVariant): readonly Piece[] {
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

interface TileSize {
  readonly rows: number;
  readonly columns: number;
  readonly from: number;
}

/**
 * Tiles that a lane may take, and the multiplications from which one pays for its compilation. A tile of r × c does r·c
 * multiplications for r + c loads, which take seven eighths of the time on lavapipe and up to a half on SwiftShader: of
 * products of 512, 32×32 computes 1.45 times as fast as 16×16 on both (64×32 only 1.06 times as fast as that), and 8×8
 * two thirds as fast. They compile for 2 to 2.5 s, 0.5 s, and 0.1 s.
 */
const tileSizes: readonly TileSize[] = [
  { rows: 32, columns: 32, from: 2 ** 27 },
  { rows: 16, columns: 16, from: 2 ** 24 },
  { rows: 8, columns: 8, from: 0 },
  { rows: 4, columns: 4, from: 0 },
];

/** Lanes that keep a few cores busy. */
const lanesWanted = 32;
const innerWorthSplitting = 64;
/** A longer inner axis is split on any account: lavapipe stops an invocation after 65,535 turns of its loops. */
const longestStretch = 2 ** 14;

/** Stretches of the inner axis: so many that there is work for all, and none is too short or too long. */
function splitCount(inner: number, parts: number, wanted: number): number {
  const useful = Math.min(Math.floor(wanted / parts), Math.floor(inner / innerWorthSplitting));
  return Math.max(1, useful, Math.ceil(inner / longestStretch));
}

function planTiles({ rows, columns, inner, batches, left, right }: Product, largest: number): Plan {
  const work = rows * columns * inner * batches;
  const longest = Math.max(rows, columns);
  const fits = ({ rows: size, from }: TileSize): boolean => size <= largest && work >= from && longest > size / 2;
  const tile = tileSizes.find(fits) ?? tileSizes.at(-1)!;
  const tiles = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns) * batches;
  const splits = splitCount(inner, tiles, lanesWanted);
  const unroll = unrollOf(inner, left, right);
  return { by: "lane", rows: tile.rows, columns: tile.columns, splits, unroll, lanes: 8 };
}

/** Columns of a quad's tile, eight a lane. */
const quadColumns = 32;
/** What a load costs, in multiply-adds (SwiftShader, from a profile). */
const costOfLoad = 14;
/** What quads may take, and the multiplications from which it pays for its compilation. */
const quadSizes: readonly { readonly from: number; readonly rows: number; readonly unroll: number }[] = [
  { from: 2 ** 27, rows: 64, unroll: 8 },
  { from: 2 ** 22, rows: 32, unroll: 8 },
  { from: 2 ** 18, rows: 16, unroll: 4 },
];

/**
 * Tiles of quads: of as many rows as waste least, both on loads and beyond the last row. A tile of r rows has r/4 + 8
 * loads for 8·r multiply-adds. On SwiftShader 20 × 32 computes 100×784×512 1.5 times as fast as a lane's 16 × 16 does,
 * and compiles no longer; 52 × 32 1.7 times as fast, and 3 times as long. More steps at once store the sums less often,
 * which costs as much as three multiply-adds each time.
 */
function planQuads(product: Product, largest: number): Plan {
  const { rows, columns, inner, batches, left, right } = product;
  const work = rows * columns * inner * batches;
  const most = quadSizes.find(({ from }) => work >= from);
  if (!most || columns <= quadColumns / 2 || rows <= 8) return planTiles(product, largest);
  const step = left === "outer" ? 16 : 4;
  const costOf = (size: number): number => Math.ceil(rows / size) * (8 * size + costOfLoad * (size / 4 + 8));
  let size = 16;
  for (let next = size + step; next <= Math.min(most.rows, 2 * largest); next += step) {
    if (costOf(next) < costOf(size)) size = next;
  }
  const tiles = Math.ceil(rows / size) * Math.ceil(columns / quadColumns) * batches;
  const splits = splitCount(inner, tiles, lanesWanted / 4);
  const unroll = inner % most.unroll === 0 ? most.unroll : unrollOf(inner, left, right);
  return { by: "quad", rows: size, columns: quadColumns, splits, unroll, lanes: 4 };
}

function unrollOf(inner: number, left: Access, right: Access): number {
  if (left === "inner" || right === "inner" || inner % 4 === 0) return 4;
  return inner % 2 === 0 ? 2 : 1;
}

/** Blocks of workgroups, largest first, and how many of them there must be to prefer them to smaller ones. */
const blockSizes: readonly { readonly from: number; readonly block: BlockVariant }[] = [
  { from: 64, block: { rows: 4, columns: 4, depth: 16, lanesAcross: 16, lanesDown: 16 } },
  { from: 0, block: { rows: 4, columns: 4, depth: 16, lanesAcross: 8, lanesDown: 8 } },
];

/** Workgroups that keep a GPU busy. */
const blocksWanted = 256;

function planForGpu(product: Product): Plan {
  const { rows, columns, inner, batches, left, right } = product;
  // Many small matrices would leave most of a block idle: a lane takes a tile of one.
  if (rows <= 16 && columns <= 16 && batches >= 64) {
    const unroll = unrollOf(inner, left, right);
    return { by: "lane", rows: 4, columns: 4, splits: splitCount(inner, 1, 1), unroll, lanes: 64 };
  }
  const sized = blockSizes.map(({ from, block }) => {
    const size = { rows: block.rows * block.lanesDown, columns: block.columns * block.lanesAcross };
    const blocks = Math.ceil(rows / size.rows) * Math.ceil(columns / size.columns) * batches;
    const splits = splitCount(inner, blocks, blocksWanted);
    const lanes = block.lanesAcross * block.lanesDown;
    return { by: "workgroup" as const, ...size, splits, unroll: block.depth, lanes, block, isTaken: blocks >= from };
  });
  return sized.find(({ isTaken }) => isTaken)!;
}

const planners: Readonly<Record<Tuning["products"], (product: Product, largestTile: number) => Plan>> = {
  lane: planTiles,
  quad: planQuads,
  workgroup: planForGpu,
};
