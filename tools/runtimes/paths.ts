/** Where things are in the checkout. */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// This file is bundled into a folder two levels below the root, wherever esbuild puts its text.
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const cacheFolder = join(projectRoot, "node_modules", ".cache", "webgpu-imle");
export const programsFolder = join(projectRoot, "build", "programs");
