import { ImleError } from "./error.js";
import philox from "../kernels/lib/philox.wgsl";
import grid from "../kernels/lib/grid.wgsl";
import keys from "../kernels/lib/keys.wgsl";
import mergeSort from "../kernels/lib/merge-sort.wgsl";
import folds from "../kernels/lib/folds.wgsl";
import lanes from "../kernels/lib/lanes.wgsl";
import rows from "../kernels/lib/rows.wgsl";
import tiles from "../kernels/lib/tiles.wgsl";

/** A named piece of WGSL; the name is what compile errors call it. */
export interface Piece {
  readonly name: string;
  readonly text: string;
  /** What to do when an error lies in this piece, whose text its reader has not written. */
  readonly hint?: string;
}

/** WGSL made of pieces, with a map back to each piece's own lines. */
export interface Composed {
  readonly code: string;
  /** The piece and its own line (from 1) that a line (from 1) of `code` came from. */
  locate(line: number): { piece: string; line: number; text: string; hint: string | undefined };
}

/** What `#import NAME` can bring in: the shared pieces of kernels/lib. */
const library: Readonly<Record<string, string>> = { philox, grid, keys, "merge-sort": mergeSort, folds, lanes, rows, tiles };

const importLine = /^\s*#import\s+(\S+)\s*$/;

/** Lines that the build puts around the text of a `.wgsl` file: before it with the file's name, after it without. */
const fileLine = /^\/\/@(?: (\S+))?$/;

/** The piece, or the file within it, that each line comes from, and its number there. */
function originsOf({ name, text, hint }: Piece): { piece: string; line: number; hint: string | undefined }[] {
  let [own, file, line] = [0, "", 0];
  return text.split("\n").map((content) => {
    const found = fileLine.exec(content);
    if (found) [file, line] = [found[1] ?? "", 0];
    else if (file !== "") line++;
    else own++;
    return file === "" ? { piece: name, line: own, hint } : { piece: file, line, hint };
  });
}

/**
 * Joins pieces into one WGSL source. A line `#import NAME` brings in a shared piece of kernels/lib, once, before the
 * piece that asks for it. Sizes come in as pieces of their own (see {@link constants}); no text is substituted, so that
 * every `.wgsl` file stays valid WGSL for editors.
 */
export function compose(pieces: readonly Piece[]): Composed {
  const lines: string[] = [];
  const origins: { piece: string; line: number; hint: string | undefined }[] = [];
  const imported = new Set<string>();

  const add = (piece: Piece): void => {
    const own = piece.text.split("\n");
    for (const line of own) {
      const name = importLine.exec(line)?.[1];
      if (name === undefined || imported.has(name)) continue;
      const text = library[name];
      if (text === undefined) {
        throw new ImleError(
          "wgsl",
          `${piece.name}: #import must name one of ${Object.keys(library).join(", ")}, got ${name}`,
          "Correct the name in the #import line.",
        );
      }
      imported.add(name);
      add({ name: `kernels/lib/${name}.wgsl`, text });
    }
    for (const line of own) lines.push(importLine.test(line) ? "" : line);
    origins.push(...originsOf(piece));
  };
  for (const piece of pieces) add(piece);

  return {
    code: lines.join("\n"),
    locate(line) {
      const index = Math.min(Math.max(line, 1), lines.length) - 1;
      return { ...origins[index]!, text: lines[index]! };
    },
  };
}

/** A piece that declares whole numbers as WGSL constants: `{ TILE: 8 }` becomes `const TILE: u32 = 8u;`. */
export function constants(values: Readonly<Record<string, number>>): Piece {
  const text = Object.entries(values).map(([name, value]) => `const ${name}: u32 = ${value}u;`);
  return { name: "constants", text: text.join("\n") };
}
