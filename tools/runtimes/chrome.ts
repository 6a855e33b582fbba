/** Runs a session in a page of headless Chrome: the person's own, or the Chromium that comes with SwiftShader. */

import type { Browser, LaunchOptions } from "playwright-core";
import type { Attempt, Starter } from "./runtime.js";
import { packagedChromium, softwareAdapterFits } from "./software-adapter.js";

/** The browser that is used with a GPU: CHROME_PATH, or an installed Chrome. */
function installedBrowser(): LaunchOptions {
  const executablePath = process.env.CHROME_PATH;
  // Without the Vulkan feature, Chrome on Linux has no WebGPU adapter but the software's.
  const linux = process.platform === "linux" ? ["--enable-features=Vulkan", "--use-angle=vulkan", "--no-sandbox"] : [];
  return {
    ...(executablePath === undefined ? { channel: "chrome" } : { executablePath }),
    args: ["--enable-unsafe-webgpu", ...linux],
  };
}

async function softwareBrowser(onProgress: Attempt["onProgress"]): Promise<LaunchOptions> {
  const { executablePath, environment } = await packagedChromium(() => onProgress("Unpacking Chromium (once) ..."));
  return {
    executablePath,
    args: ["--enable-unsafe-webgpu", "--no-sandbox"],
    env: { ...process.env, ...environment } as Record<string, string>,
  };
}

const advice = "install Google Chrome, or set CHROME_PATH to the executable of Chrome, Chromium or Edge";

export const startChrome: Starter = async ({ origin, adapter, onLine, onErrorLine, onProgress, signal, ended }) => {
  if (adapter === "software" && !softwareAdapterFits) return `no software adapter for ${process.platform}`;
  let browser: Browser | null = null;
  const close = (): void => void browser?.close().catch(() => {});
  try {
    const options = adapter === "software" ? await softwareBrowser(onProgress) : installedBrowser();
    // Loaded here, since it takes half a second that the other runtimes need not wait for.
    const { chromium } = await import("playwright-core");
    if (signal.aborted) return "it was stopped";
    browser = await chromium
      .launch({ ...options, headless: true, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false })
      .catch((error: unknown) => {
        for (const line of String(error).split("\n").slice(0, 12)) onErrorLine(line);
        return null;
      });
    if (browser === null) return `the browser could not be started: ${advice}`;

    signal.addEventListener("abort", close);
    const page = await browser.newPage();
    page.on("console", (message) => {
      const show = message.type() === "error" || message.type() === "warning" ? onErrorLine : onLine;
      for (const line of message.text().split("\n")) show(line);
    });
    page.on("pageerror", (error) => onErrorLine(String(error)));
    const gone = new Promise<string>((resolve) => {
      page.on("crash", () => resolve("the page crashed"));
      browser?.on("disconnected", () => resolve("the browser ended"));
    });
    const finished = new Promise<null>((resolve) => {
      if (ended.aborted) resolve(null);
      ended.addEventListener("abort", () => resolve(null));
    });
    await page.goto(`${origin}/page`);
    await page.addScriptTag({ url: "/build/programs/tools-runtimes-bootstrap-chrome.js", type: "module" });
    return await Promise.race([gone, finished]);
  } catch (error) {
    return signal.aborted ? "it was stopped" : String(error);
  } finally {
    signal.removeEventListener("abort", close);
    await browser?.close().catch(() => {});
  }
};
