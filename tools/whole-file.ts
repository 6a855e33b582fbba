/** Writes files so that whoever opens one, at any time, finds it whole. */

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Makes its folder as well. @throws Error of the file system */
export function writeWholeFile(file: string, content: string | Uint8Array): void {
  const draft = `${file}.${process.pid}.part`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(draft, content);
  renameSync(draft, file);
}
