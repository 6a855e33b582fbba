import { constantsText, sharedLength } from "../bounds.js";
import type { Pass, Strategy } from "../solver.js";
import { bracketText } from "./bracket.js";
import fill from "./fill.wgsl";
import fillGroups from "./fill-groups.wgsl";
import fillRow from "./fill-row.wgsl";
import laneBracket from "./lane-bracket.wgsl";
import laneGroups from "./lane-groups.wgsl";
import laneRow from "./lane-row.wgsl";
import layoutText from "./layout.wgsl";
import order from "./order.wgsl";
import radix from "./radix.wgsl";
import radixWorkgroup from "./radix-workgroup.wgsl";
import workgroup from "./workgroup.wgsl";
import workgroupGroups from "./workgroup-groups.wgsl";
import workgroupLong from "./workgroup-long.wgsl";

/** A call of top-k, as far as its passes depend on it. */
export interface Selection {
  readonly strategy: Strategy;
  readonly n: number;
  /** How many are chosen at most. */
  readonly k: number;
  /** Whether the chosen ones are to be told in order. */
  readonly ordered: boolean;
  /** Keys, and how many are wanted. */
  readonly text: string;
}

/** Longest row whose keys fit 16 KiB of workgroup memory beside the histogram. */
const onChip = 3584;

/** Longest row of one invocation: a few milliseconds, and what lavapipe allows its loops. */
export const longestOfLane = 8192;

/** Turns of all loops of one invocation's row: two runs, at most eleven cuts, and the run that emits. */
export const bracketIterations = (n: number): number => 14 * (Math.ceil(n / 4) + 1) + 16;

/** Invocations, or workgroups, that share the keys of a long row. */
const mostParts = { lane: 64, workgroup: 32 } as const;

/** Keys of a part, at least, which has a histogram to clear for every byte, and one more to be added up. */
const keysOfPart = 512;

/** Elements that one invocation, or workgroup, draws to find maxima, at least. */
const elementsOfDraw = { lane: 1024, workgroup: 4096 } as const;

const workgroupSize = 256;

/** Entries that are sorted by counting before stretches are merged. */
const orderBlock = 32;

interface Layout {
  readonly long: boolean;
  /** How many draw the keys of a long row, and how many select from them. */
  readonly drawing: number;
  readonly parts: number;
  /** Blocks of four elements in a group, or 0 where there are none. */
  readonly groupBlocks: number;
  /** Blocks of the workspace before the count of what is chosen, and all of them. */
  readonly before: number;
  readonly blocks: number;
}

/** So many, and a power of two, that none has fewer than `each` of `count`. */
const shareOut = (count: number, each: number, most: number): number =>
  Math.min(most, 2 ** Math.max(0, Math.floor(Math.log2(count / each))));

function layoutOf({ strategy, n, k, ordered }: Selection): Layout {
  const lane = strategy === "lane";
  const long = n > (lane ? longestOfLane : onChip);
  const most = mostParts[strategy];
  const drawing = long ? shareOut(n, elementsOfDraw[strategy], most) : 1;
  const groupBlocks = long ? groupBlocksOf(strategy, n, Math.max(k, 1)) : 0;
  const grouped = groupBlocks > 0;
  const groups = grouped ? Math.ceil(n / (4 * groupBlocks)) : 0;
  const parts = lane ? (grouped ? shareOut(groups, keysOfPart, most) : drawing) : 1;
  const all = Math.ceil(n / 4);
  // A row of one invocation keeps candidates as well, and a block that ends them.
  const ofRow = long ? all : lane ? 2 * all + 1 : 0;
  // Of the groups' candidates the lane strategy keeps the indices too.
  const keys = grouped ? Math.max(Math.ceil(groups / 4), k * groupBlocks * (lane ? 2 : 1)) : ofRow;
  const areas = (grouped ? k : 0) + (ordered ? 2 * k : 0);
  const before = lane && long ? 65 * parts + 1 : 0;
  return { long, drawing, parts, groupBlocks, before, blocks: keys + areas > 0 ? before + 1 + areas + keys : 0 };
}

/**
 * Groups of √(n / k) elements leave the fewest keys, n / length maxima and k · length candidates. By lanes a key in a
 * histogram costs some 24 times what it takes to draw a candidate again, most of which are then dropped. None where all
 * these are not far fewer than n.
 */
function groupBlocksOf(strategy: Strategy, n: number, k: number): number {
  const best = Math.sqrt((strategy === "lane" ? 24 : 1) * (n / k));
  const blocks = Math.min(best, n / (4 * k)) / 4;
  return blocks >= 1 ? 2 ** Math.floor(Math.log2(blocks)) : 0;
}

/** Words of workspace of an instance. */
export const selectionWorkspace = (selection: Selection): number => 4 * layoutOf(selection).blocks;

/** Whether every state is emitted, zeros too. */
export const emitsAll = (selection: Selection): boolean => layoutOf(selection).groupBlocks === 0;

/** The passes of a selection by radix; those of long rows are several, and so are those that put it in order. */
export function selectionPasses(selection: Selection): readonly Pass[] {
  const { strategy, n, k, ordered } = selection;
  const layout = layoutOf(selection);
  const fillText = [fill, layout.groupBlocks > 0 ? fillGroups : fillRow].join("\n");
  const common = (): string => `${commonText(selection, layout)}\n${fillText}`;
  const chosen = strategy === "lane" ? lanePasses(common, layout) : workgroupPasses(common, n, layout);
  return ordered ? [...chosen, ...orderPasses(strategy, k, () => commonText(selection, layout))] : chosen;
}

/** What all passes share. */
function commonText(selection: Selection, { drawing, parts, groupBlocks, before, blocks }: Layout): string {
  const places = { CHOSEN_BLOCK: before, LIST_BLOCKS: before + 1 };
  return [
    constantsText({ DRAWING: drawing, PARTS: parts, GROUP_BLOCKS: groupBlocks, ...places }),
    `const GROUPED = ${groupBlocks > 0};\nconst ORDERED = ${selection.ordered};`,
    selection.text,
    blocks > 0 ? layoutText : withoutWorkspace,
  ].join("\n");
}

/** The chosen ones put in order, and told: one invocation each. */
function orderPasses(strategy: Strategy, k: number, common: () => string): readonly Pass[] {
  const merges = Math.max(0, Math.ceil(Math.log2(k / orderBlock)));
  const sizes = constantsText({ ORDER_BLOCK: orderBlock, MERGES: merges });
  const pass = (call: string, repeat = 1): Pass => ({
    wgsl: () =>
      [
        ...[common(), sizes, order],
        strategy === "lane"
          ? `fn solve(part: u32) { ${call}(part); }`
          : `fn solve(lane: u32, part: u32) { ${call}(part * WORKGROUP_SIZE + lane); }`,
      ].join("\n"),
    workgroupSize,
    parts: () => (strategy === "lane" ? k : Math.ceil(k / workgroupSize)),
    repeat: () => repeat,
  });
  return [pass("order_block"), pass("order_merge", merges), pass("order_emit")];
}

/** One invocation a row; long rows by parts, between which one invocation decides a byte. */
function lanePasses(common: () => string, { long, drawing, parts, groupBlocks }: Layout): readonly Pass[] {
  if (!long) return [{ wgsl: () => [common(), laneBracket, bracketText(), "fn solve() { select_row(); }"].join("\n") }];
  const grouped = groupBlocks > 0;
  const text = (solve: string) => (): string => [common(), radix, grouped ? laneGroups : laneRow, solve].join("\n");
  const alone = (call: string): Pass => ({ wgsl: text(`fn solve() { ${call}; }`) });
  const shared = (call: string, by = parts): Pass => ({
    wgsl: text(`fn solve(part: u32) { ${call}; }`),
    parts: () => by,
  });
  const draw = shared(grouped ? "keep_maxima(part)" : "keep_row(part)", drawing);
  if (grouped && parts === 1) return [draw, alone("select_groups()")];
  const [count, decide] = [shared("count_part(part)"), alone("decide_byte()")];
  const threshold = [count, decide, count, decide, count, decide, count, decide, shared("count_chosen(part)")];
  const fillAll = shared("fill_part(part, false)");
  if (!grouped) return [draw, ...threshold, fillAll];
  const candidates = [shared("fill_part(part, true)"), shared("keep_candidates(part)"), ...threshold, fillAll];
  return [draw, shared("begin_groups(part)"), ...threshold, ...candidates];
}

/** One workgroup a row; the keys of long rows are drawn by several. */
function workgroupPasses(common: () => string, n: number, { long, drawing, groupBlocks }: Layout): readonly Pass[] {
  const text = (...own: string[]) => (): string => [common(), radixWorkgroup, ...own].join("\n");
  if (!long) {
    const shared = constantsText({ SHARED_BLOCKS: sharedLength(Math.ceil(n / 4), onChip / 4) });
    return [{ wgsl: text(shared, workgroup), workgroupSize }];
  }
  const grouped = groupBlocks > 0;
  const pieces = grouped ? [workgroupLong, workgroupGroups] : [workgroupLong];
  const [keep, select] = grouped ? ["keep_maxima", "select_groups"] : ["keep_row", "select_row"];
  const keepText = text(...pieces, `fn solve(lane: u32, part: u32) { ${keep}(lane, part); }`);
  return [
    { wgsl: keepText, workgroupSize, parts: () => drawing },
    { wgsl: text(...pieces, `fn solve(lane: u32) { ${select}(lane); }`), workgroupSize },
  ];
}

/** Where nothing is kept between passes. */
const withoutWorkspace = `fn tell_chosen(count: u32, least: u32) {}
fn keep_entry(position: u32, key: u32, element: u32) {}`;
