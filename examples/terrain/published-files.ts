/** Finds the files of the published Warcraft maps in a folder. Runs on Node; the program reads them. */

import { readdirSync } from "node:fs";
import { ImleError } from "webgpu-imle";
import { publishedKinds, type PublishedFiles, type SplitFiles } from "./published.js";

const fix =
  "Give the folder of one map size: {train,test}_{maps,vertex_weights,shortest_paths}.npy, or each in _part0, " +
  "_part1; val_… likewise, or not at all.";

/**
 * The files by what is in them, as `folderName/file`. Those to validate on are all there, or none is.
 *
 * @throws ImleError `data` when the folder or a file is missing
 */
export function publishedFiles(folder: string, folderName: string): PublishedFiles {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ImleError("data", `--data: ${folder} must be a folder that can be read, got ${reason}`, fix);
  }
  const filesOf = (stem: string): string[] => {
    const whole = `${stem}.npy`;
    if (names.includes(whole)) return [`${folderName}/${whole}`];
    const parts: string[] = [];
    while (names.includes(`${stem}_part${parts.length}.npy`)) {
      parts.push(`${folderName}/${stem}_part${parts.length}.npy`);
    }
    if (parts.length > 0) return parts;
    throw new ImleError("data", `--data: ${folder} must have ${whole} or ${stem}_part0.npy, got neither`, fix);
  };
  const split = (name: string): SplitFiles =>
    Object.fromEntries(publishedKinds.map((kind) => [kind, filesOf(`${name}_${kind}`)])) as unknown as SplitFiles;
  const validates = names.some((name) => /^val_.*\.npy$/.test(name));
  return { train: split("train"), val: validates ? split("val") : null, test: split("test") };
}
