import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { livePage } from "../../bench/live/page.js";
import { parseResults } from "../../bench/read-results.js";
import { benchPage } from "../../bench/report/page.js";
import { serveSession } from "../../tools/runtimes/server.js";
import { launchBrowser } from "../support/browser.js";
import { countedRow, failedRow, resultsFile, estimate, timedRow } from "../support/bench-results.js";
import { assertHarmless, assertSelfContained, assertWholeHtml, hostile, textOf } from "../support/whole-html.js";

const rate = (share: number) => ({ quantity: "bytes", perSecond: 1e9, share }) as const;
const results = resultsFile([
  ...[100, 200, 400].map((n) =>
    timedRow("top-k", `mask [${n}]`, { time: estimate(n / 50, 0.02) }, { parameters: { n }, rates: [rate(n / 500)] }),
  ),
  timedRow("top-k", "other", { settled: false }, { busy: 2 }),
  ...[1, 10, 100].map((samples) =>
    countedRow("memory", `step S ${samples}`, [{ name: "peak", value: 4096 + samples, unit: "B" }], { samples }),
  ),
  failedRow("grid", "path", hostile),
]);

async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await launchBrowser();
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

function complaintsOf(tab: Page): string[] {
  const complaints: string[] = [];
  tab.on("pageerror", (error) => complaints.push(String(error)));
  tab.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  return complaints;
}

const pages = suite("pages of benchmarks");

pages("a page of results is whole HTML with bars, powers, all rows and doubts, and nothing in it is markup", () => {
  const text = benchPage(results);
  assertHarmless(text);
  assertSelfContained(text);
  const shown = textOf(text);
  assert.match(shown, /mask \[200\] +40 % of GB\/s/);
  assert.match(shown, "n^1.00");
  assert.match(shown, "Read with care: 1 of 4 did not settle, the machine was busy during 1, 1 failed.");
  assert.match(shown, "did not settle, busy ×2.0");
  assert.match(shown, /the middle of the least third of all samples.*differs by less than ±, 19 of 20 times/s);
  assert.match(shown, "4.00 ms");
});

const both = (operations: number, bytes: number) =>
  [
    { quantity: "operations", perSecond: operations, share: null },
    { quantity: "bytes", perSecond: bytes, share: null },
  ] as const;

pages("rows that count operations and bytes are shown under the roof, and peers on both sides of the middle", () => {
  const peer = { benchmark: "matmul", time: estimate(1, 0.01), message: "" };
  const text = benchPage(
    resultsFile(
      [
        timedRow("ceilings", "peak", {}, { ceiling: "operations", rates: [both(100e9, 0)[0]] }),
        timedRow("ceilings", "copy", {}, { ceiling: "bytes", rates: [both(0, 10e9)[1]] }),
        timedRow("matmul", "large", {}, { rates: both(50e9, 1e9) }),
        timedRow("matmul", "thin", {}, { rates: both(4e9, 8e9) }),
      ],
      {
        peers: [
          { ...peer, peer: "PyTorch", name: "large", ratio: 0.25 },
          { ...peer, peer: "jax-js", name: "thin", ratio: 4 },
          { ...peer, peer: "TensorFlow.js", name: "thin", time: null, ratio: null, message: "not there" },
        ],
      },
    ),
  );
  assertWholeHtml(text);
  const shown = textOf(text);
  assert.match(shown, /1 matmul thin +0\.500 +4\.00 +80 %/);
  assert.match(shown, /2 matmul large +50\.0 +50\.0 +50 %/);
  assert.match(text, /class="ratio slower"><i style="width:50\.0%"/);
  assert.match(text, /class="ratio quicker"><i style="width:50\.0%"/);
  assert.match(shown, "none: not there");
});

pages("a page of nothing measured is whole, and says how the run ended", () => {
  const text = benchPage(resultsFile([], { state: "interrupted", adapter: null, circumstances: null, commit: null }));
  assertWholeHtml(text);
  assert.match(textOf(text), "The run was stopped early.");
  assert.match(textOf(text), "No row has a ceiling in this run.");
});

pages("a page of counts alone says nothing of times", () => {
  const counts = [1, 10, 100].map((samples) =>
    countedRow("bias", `S ${samples}`, [{ name: "bias", value: 1 / samples, unit: "", isDrawn: true }], { samples }),
  );
  const text = benchPage(resultsFile(counts));
  assertWholeHtml(text);
  const shown = textOf(text);
  assert.match(shown, "Counted figures: nothing was timed.");
  assert.match(shown, "Against their parameters");
  for (const absent of ["a wait for the device", "Of what the adapter can do", "How it grows", "unit of work"]) {
    assert.not.match(shown, absent);
  }
});

pages("a browser draws each plot, on a desktop and on a phone, and asks for nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
  const file = join(folder, "page.html");
  writeFileSync(file, benchPage(results));
  const address = pathToFileURL(file).href;
  try {
    await withBrowser(async (browser) => {
      for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]] as const) {
        const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, locale: "en-US" });
        const complaints = complaintsOf(tab);
        tab.on("request", (request) => request.url() !== address && complaints.push(request.url()));
        await tab.goto(address);
        const seen = await tab.evaluate(() => ({
          wide: document.documentElement.scrollWidth,
          colours: [...document.querySelectorAll("canvas")].map((canvas) => {
            const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
          }),
        }));
        assert.equal(complaints, []);
        assert.is(seen.wide, width);
        assert.is(seen.colours.length, 2);
        assert.ok(Math.min(...seen.colours) >= 3, `colours: ${seen.colours.join(", ")}`);
        await tab.close();
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const checkout = (({ commit, changed, machine, versions }) => ({ commit, changed, machine, versions }))(results);

pages("the page for one's own browser is whole HTML, whatever the machine is called", () => {
  const machine = { ...checkout.machine, processor: hostile };
  const text = livePage({ ...checkout, machine });
  assertWholeHtml(text);
  assert.not.match(text, "<img");
});

pages("it runs what is chosen, warns of hidden tabs and coarse clocks, stops, and gives a file to be read", async () => {
  const server = await serveSession({ program: "", args: null }, {}, { "": livePage(checkout) });
  try {
    await withBrowser(async (browser) => {
      const tab = await browser.newPage({ acceptDownloads: true, locale: "en-US" });
      const complaints = complaintsOf(tab);
      await tab.addInitScript(() => {
        const now = performance.now.bind(performance);
        performance.now = () => Math.floor(now() * 8) / 8;
      });
      await tab.goto(`${server.origin}/`);
      await tab.locator("#run:not([disabled])").waitFor();
      assert.ok(await tab.evaluate(() => crossOriginIsolated), "isolated, for a finer clock");
      assert.ok(await tab.locator("input[value=ceilings]").isDisabled());
      const plan = async (): Promise<string> => (await tab.locator("#plan").textContent())!;
      assert.match(await plan(), /^10 rows, less than a minute$/);
      await tab.locator("#all").click();
      assert.match(await plan(), /^\d{2,3} rows, about \d+ min$/);
      assert.ok(await tab.locator("input[value=matmul]").isChecked());
      await tab.locator("#all").click();
      await tab.locator("input[value=javascript]").check();
      assert.match(await plan(), /^[2-9]\d rows, about a minute$/);
      assert.not(await tab.locator("#progress").isVisible());
      await tab.locator("#run").click();
      await tab.locator("#results table.rows").first().waitFor({ timeout: 60_000 });
      await tab.evaluate(() => {
        Object.defineProperty(document, "hidden", { value: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
      const warnings = (await tab.locator("#warnings").textContent())!;
      assert.match(warnings, "This tab was hidden during a run");
      assert.match(warnings, /This browser's clock is coarse, in steps of 125 µs\./);
      assert.match((await tab.locator("#status").textContent())!, /^Round 1: ceilings\//);
      await tab.locator("#stop").click();
      await tab.locator("#download:not([disabled])").waitFor({ timeout: 60_000 });
      assert.match((await tab.locator("#status").textContent())!, /^Stopped: \d+ rows in \d+ s\.$/);
      const [download] = await Promise.all([tab.waitForEvent("download"), tab.locator("#download").click()]);
      const read = parseResults(readFileSync(await download.path(), "utf8"), "downloaded");
      assert.is(read.state, "interrupted");
      assert.is(read.rows[0]!.name, "multiply-add, vec4");
      assert.equal(read.machine, checkout.machine);
      assert.equal(complaints, []);
    });
  } finally {
    await server.close();
  }
});

pages.run();
