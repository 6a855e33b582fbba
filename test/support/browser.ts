/** What tests ask of an HTML page in a browser. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { packagedChromium, softwareAdapterFits } from "../../tools/runtimes/software-adapter.js";

interface Shown {
  readonly width: number;
  /** Errors, lines on the console, and addresses that the page asked for. */
  readonly complaints: readonly string[];
  readonly scrollWidth: number;
  /** How many colours each canvas has, in the page's order. */
  readonly colours: readonly number[];
}

/** Without these, SwiftShader's WebGPU cannot hand its pictures to the compositor: the first canvas ends the GPU process. */
const canvasOfSwiftShader = ["--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"];

/** Starts the browser that the project brings, with WebGPU, canvases too; elsewhere the person's Chrome. */
export async function launchBrowser(): Promise<Browser> {
  const args = ["--enable-unsafe-webgpu", "--no-sandbox"];
  if (!softwareAdapterFits) return await chromium.launch({ channel: "chrome", args });
  const { executablePath, environment } = await packagedChromium(() => {});
  const env = { ...process.env, ...environment } as Record<string, string>;
  return await chromium.launch({ executablePath, args: [...args, ...canvasOfSwiftShader], env });
}

/** Opens a page as a file: on a desktop in light colours, and on a phone in dark ones. */
export async function shownInBrowser(page: string): Promise<Shown[]> {
  const folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
  const browser = await launchBrowser();
  try {
    const file = join(folder, "page.html");
    writeFileSync(file, page);
    const address = pathToFileURL(file).href;
    const shown: Shown[] = [];
    for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]] as const) {
      const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, locale: "en-US" });
      const complaints: string[] = [];
      tab.on("pageerror", (error) => complaints.push(String(error)));
      tab.on("console", (message) => complaints.push(message.text()));
      tab.on("request", (request) => request.url() !== address && complaints.push(request.url()));
      await tab.goto(address);
      const seen = await tab.evaluate(() => {
        const coloursOf = (canvas: HTMLCanvasElement): number => {
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
          return new Set(new Uint32Array(data.buffer)).size;
        };
        return {
          scrollWidth: document.documentElement.scrollWidth,
          colours: [...document.querySelectorAll("canvas")].map(coloursOf),
        };
      });
      shown.push({ width, complaints, ...seen });
      await tab.close();
    }
    return shown;
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}
