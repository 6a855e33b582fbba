/**
 * SwiftShader, a Vulkan driver that runs on the processor, and the Chromium that comes with it, out of the npm package
 * `@sparticuz/chromium`. The package's own code is not used: it needs Node 22, its archives need nothing.
 */

import { createReadStream, createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar-fs";
import { cacheFolder, projectRoot } from "./paths.js";

const packageFolder = join(projectRoot, "node_modules", "@sparticuz", "chromium");
const archives = join(packageFolder, "bin");

/** Whether the archives have programs for this machine: they are built for Linux on x64. */
export const softwareAdapterFits = process.platform === "linux" && process.arch === "x64";

/** A folder that `fill` makes once: it appears under its name when it is complete, also if two processes do it. */
async function folderOnce(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const folder = join(cacheFolder, `${name}-${version}`);
  const complete = join(folder, ".complete");
  if (existsSync(complete)) return folder;
  const partial = `${folder}.${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    await fill(partial);
    await writeFile(join(partial, ".complete"), "");
    await rename(partial, folder).catch(async (error: unknown) => {
      if (existsSync(complete)) return;
      await rm(folder, { recursive: true, force: true });
      await rename(partial, folder).catch(() => {
        throw error;
      });
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

async function unpack(archive: string, folder: string): Promise<void> {
  await pipeline(createReadStream(join(archives, archive)), createBrotliDecompress(), extract(folder));
}

async function adapterFolder(): Promise<string> {
  return await folderOnce("swiftshader", (folder) => unpack("swiftshader.tar.br", folder));
}

/** The environment variables with which Dawn and Deno find SwiftShader, and a Vulkan loader where there is none. */
export async function softwareAdapterEnvironment(): Promise<Record<string, string>> {
  const folder = await adapterFolder();
  return {
    VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
    VK_DRIVER_FILES: join(folder, "vk_swiftshader_icd.json"),
    LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
  };
}

export interface PackagedChromium {
  readonly executablePath: string;
  readonly environment: Record<string, string>;
}

/** The package's Chromium with SwiftShader's files beside it: without them its WebGPU has no adapter. */
export async function packagedChromium(onUnpack: () => void): Promise<PackagedChromium> {
  const folder = await folderOnce("chromium", async (partial) => {
    onUnpack();
    const executable = createWriteStream(join(partial, "chromium"), { mode: 0o755 });
    await pipeline(createReadStream(join(archives, "chromium.br")), createBrotliDecompress(), executable);
    await unpack("swiftshader.tar.br", partial);
    await unpack("al2023.tar.br", partial);
    await unpack("fonts.tar.br", partial);
  });
  const libraries = [join(folder, "lib"), folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return { executablePath: join(folder, "chromium"), environment: { LD_LIBRARY_PATH: libraries } };
}
