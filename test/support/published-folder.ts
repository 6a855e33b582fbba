/** Writes small files in the format of the published Warcraft maps. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Content, splitFiles } from "./published-maps.js";

/** Writes the three files of a split, and returns what is in them. */
export function writeSplit(folder: string, split: "train" | "val" | "test", count: number): Content {
  const { files, ...content } = splitFiles(count);
  for (const [kind, bytes] of Object.entries(files)) writeFileSync(join(folder, `${split}_${kind}.npy`), bytes);
  return content;
}
