import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { EmbeddedMap } from "../../examples/embed-map/client.js";
import { cells, makeLandscape, side } from "../../examples/embed-map/landscape.js";
import { demoPage } from "../../examples/embed-map/page.js";
import { extend } from "../../examples/embed-map/stroke.js";
import { type SessionServer, serveSession } from "../../tools/runtimes/server.js";
import { launchBrowser } from "../support/browser.js";

declare const embeddedMap: EmbeddedMap;

const map = suite("the live map");

const cellOf = (row: number, column: number): number => row * side + column;

map("a stroke fills gaps, cuts loops, takes no detours and ends where the pointer is", () => {
  const straight = [cellOf(5, 5), cellOf(5, 9)].reduce<number[]>((path, cell) => extend(path, cell), []);
  assert.equal(straight, [5, 6, 7, 8, 9].map((column) => cellOf(5, column)));
  const looped = [cellOf(2, 9), cellOf(5, 9), cellOf(5, 6)].reduce((path, cell) => extend(path, cell), straight);
  assert.equal(looped, [cellOf(5, 5), cellOf(5, 6)]);
  const corner = [cellOf(5, 5), cellOf(5, 6), cellOf(6, 6)].reduce<number[]>((path, cell) => extend(path, cell), []);
  assert.equal(corner, [cellOf(5, 5), cellOf(6, 6)]);
});

map("a landscape has all kinds of ground, level water, and is the same for the same seed", () => {
  const land = makeLandscape(5);
  assert.is(new Set(land.kinds).size, 5);
  assert.equal(makeLandscape(5), land);
  assert.not.equal(makeLandscape(6).heights, land.heights);
  assert.ok([...land.features].every((value) => value >= 0 && Number.isFinite(value)));
});

interface Place {
  browser: Browser;
  server: SessionServer;
}

const page = suite<Place>("the live map's page", {} as Place);
page.before(async (place) => {
  place.browser = await launchBrowser();
  place.server = await serveSession({ program: "", args: null }, {}, { "": demoPage() });
});
page.after(async ({ browser, server }) => {
  await browser.close();
  await server.close();
});

/** Where to keep pictures for people to look at; none by default. */
const pictures = process.env["EMBED_MAP_PICTURES"];
const picture = async (tab: Page, name: string): Promise<void> => {
  if (pictures !== undefined) await tab.screenshot({ path: `${pictures}/${name}.png` });
};

/** Draws along cells with the mouse, as a person would: down, some moves, up. */
async function draw(tab: Page, route: readonly number[], during?: () => Promise<void>): Promise<void> {
  const places = await tab.evaluate((route) => route.map((cell) => embeddedMap.placeOf(cell)), route);
  await tab.mouse.move(...places[0]!);
  await tab.mouse.down();
  for (const place of places.slice(1)) await tab.mouse.move(...place, { steps: 4 });
  await during?.();
  await tab.mouse.up();
}

/** Shares of the first stroke's cells that the found path crosses, and that it crosses beside them. */
async function agreement(tab: Page): Promise<number> {
  return await tab.evaluate(async () => {
    const found = await embeddedMap.seen().path.read();
    const drawn = embeddedMap.strokes.at(-1)!;
    const common = drawn.filter((cell) => found[cell] === 1).length;
    return common / Math.max(drawn.length, found.reduce((sum, value) => sum + value, 0));
  });
}

for (const [name, width, height] of [["desktop", 900, 560], ["phone", 390, 844]] as const) {
  page(`learns what is drawn on a ${name}, draws meanwhile, and reads nothing back`, async ({ browser, server }) => {
    const tab = await browser.newPage({ viewport: { width, height } });
    const complaints: string[] = [];
    tab.on("pageerror", (error) => complaints.push(String(error)));
    tab.on("console", (message) => complaints.push(message.text()));
    await tab.goto(`${server.origin}/`);
    await tab.waitForFunction(() => "embeddedMap" in globalThis && embeddedMap.counts.frames > 0);
    await picture(tab, `${name}-before`);

    const route = [cellOf(27, 6), cellOf(20, 12), cellOf(13, 12), cellOf(6, 22)];
    await draw(tab, route, () => picture(tab, `${name}-drawing`));
    assert.is(await tab.evaluate(() => embeddedMap.strokes.length), 1);
    await tab.waitForFunction(() => embeddedMap.counts.steps >= 10, null, { timeout: 60_000 });
    await picture(tab, `${name}-learning`);
    await tab.waitForFunction(() => embeddedMap.counts.steps >= 60, null, { timeout: 60_000 });
    const { counts, readbacks } = await tab.evaluate(() => ({
      counts: { ...embeddedMap.counts },
      readbacks: embeddedMap.engine.stats().readbacks,
    }));
    assert.is(readbacks, 0, "nothing is read back");
    assert.ok(counts.frames >= counts.steps, `${counts.frames} frames are drawn for ${counts.steps} steps`);
    const share = await agreement(tab);
    assert.ok(share > 0.8, `the cheapest path is the drawn one: ${share}`);
    await tab.locator("#costs").check();
    await tab.waitForTimeout(300);
    await picture(tab, `${name}-costs`);

    // Cleared wherever a step stands: what it had made by then is given back.
    const buffersCleared = async (): Promise<number> => {
      await tab.locator("#clear").click();
      assert.is(await tab.evaluate(() => embeddedMap.strokes.length), 0);
      return await tab.evaluate(() => embeddedMap.engine.memory().liveBuffers);
    };
    const before = await buffersCleared();
    for (const more of [5, 7]) {
      const steps = await tab.evaluate(() => embeddedMap.counts.steps);
      await draw(tab, route);
      await tab.waitForFunction((least) => embeddedMap.counts.steps >= least, steps + more, { timeout: 60_000 });
      assert.is(await buffersCleared(), before, "nothing leaks");
    }
    assert.equal(complaints, []);
    await tab.close();
  });
}

page("turning, zooming and resizing keep drawing on the land under the pointer", async ({ browser, server }) => {
  const tab = await browser.newPage({ viewport: { width: 900, height: 600 } });
  await tab.goto(`${server.origin}/`);
  await tab.waitForFunction(() => "embeddedMap" in globalThis && embeddedMap.counts.frames > 0);
  await tab.mouse.move(700, 300);
  await tab.mouse.down({ button: "right" });
  await tab.mouse.move(600, 260, { steps: 3 });
  await tab.mouse.up({ button: "right" });
  await tab.mouse.wheel(0, -300);
  const before = await tab.evaluate(() => document.querySelector("canvas")!.width);
  await tab.setViewportSize({ width: 1000, height: 700 });
  await tab.waitForFunction((before) => document.querySelector("canvas")!.width === before + 100, before);
  const route = [cellOf(16, 12), cellOf(16, 20)];
  await draw(tab, route);
  const [stroke] = await tab.evaluate(() => embeddedMap.strokes.map((path) => [...path]));
  assert.is(stroke![0], route[0]);
  assert.is(stroke!.at(-1), route[1]);
  assert.ok(stroke!.every((cell) => cell >= 0 && cell < cells));
  await tab.close();
});

map.run();
page.run();
