/** Finds the files of the published Warcraft maps in a folder. Runs on Node; the program reads them. */

import { readdirSync } from "node:fs";
import { ImleError } from "webgpu-imle";
import { publishedKinds, publishedSplits, type PublishedFiles } from "./published.js";

const fix =
  "Give the folder of one map size: {train,test}_{maps,vertex_weights,shortest_paths}.npy, or each in _part0, _part1.";

/**
 * The files by what is in them, as `folderName/file`. `val_…` is left alone: nothing is chosen by it.
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
  const split = (name: string) => Object.fromEntries(publishedKinds.map((kind) => [kind, filesOf(`${name}_${kind}`)]));
  return Object.fromEntries(publishedSplits.map((name) => [name, split(name)])) as unknown as PublishedFiles;
}
