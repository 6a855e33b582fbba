import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cppHeap } from "../../bench/peers/cpp-heap.js";
import { javascriptHeap } from "../../bench/peers/javascript-heap.js";
import { jaxJs } from "../../bench/peers/jax-js.js";
import { type Peer, peerCosts, type PeerRow, runPeers, summaryOf } from "../../bench/peers/peer.js";
import { pythonHeap } from "../../bench/peers/python-heap.js";
import { pytorch } from "../../bench/peers/pytorch.js";
import { peersTable } from "../../bench/table.js";
import { summary, timedRow } from "../support/bench-results.js";

const grid = { task: "grid-paths", batch: 20, height: 7, width: 5 } as const;
const product = { task: "matmul", rows: 2, inner: 3, columns: 4 } as const;
const context = { runtime: "node" } as const;
const rows: readonly PeerRow[] = [
  { benchmark: "a", name: "paths", task: grid, milliseconds: 2 },
  { benchmark: "a", name: "product", task: product, milliseconds: 4 },
];

const fake = (name: string, more: Partial<Peer> = {}): Peer => ({
  name,
  tasks: ["grid-paths", "matmul"],
  prepare: () => Promise.resolve({ time: () => Promise.resolve(summary(8, 0.01)) }),
  ...more,
});

/** Runs `f` while PYTHON names a shell script, or nothing that is there. */
async function withPython(script: string | null, f: () => Promise<void>): Promise<void> {
  const before = process.env.PYTHON;
  const folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
  try {
    process.env.PYTHON = join(folder, script === null ? "none" : "python");
    if (script !== null) {
      writeFileSync(process.env.PYTHON, `#!/bin/sh\n${script}`);
      chmodSync(process.env.PYTHON, 0o755);
    }
    await f();
  } finally {
    if (before === undefined) delete process.env.PYTHON;
    else process.env.PYTHON = before;
    rmSync(folder, { recursive: true });
  }
}

const peersSuite = suite("peers of benchmarks");

peersSuite("each row that a peer can do has its time and ratio; what is not there or fails is one line", async () => {
  const broken = (): Promise<never> => Promise.reject(new Error("no memory\nand more"));
  const { results, absent } = await runPeers(
    [
      fake("both"),
      fake("missing", { prepare: () => Promise.reject(new Error("not installed")) }),
      fake("broken", { tasks: ["matmul"], prepare: () => Promise.resolve({ time: broken }) }),
      fake("idle", { tasks: ["top-k"], prepare: () => Promise.reject(new Error("nobody asked")) }),
    ],
    rows,
    { budgetMilliseconds: 1, ...context },
  );
  assert.equal(
    results.map(({ peer, name, ratio, message }) => [peer, name, ratio, message]),
    [["both", "paths", 4, ""], ["both", "product", 2, ""], ["broken", "product", null, "no memory"]],
  );
  assert.equal(absent, [{ peer: "missing", message: "not installed" }]);
  const measured = [timedRow("a", "paths", { time: summary(2, 0.01) }), timedRow("a", "product")];
  const table = peersTable(results, measured);
  assert.equal(table[1], ["a/paths", "2.00 ms", "both", "8.00 ms", "1.0 %", "×4.00"]);
  assert.equal(table[3], ["a/product", "1.00 ms", "broken", "failed: no memory", "", ""]);
});

peersSuite("after a stop no peer is asked", async () => {
  const settings = { budgetMilliseconds: 1, ...context, signal: AbortSignal.abort() };
  assert.equal(await runPeers([fake("a")], rows, settings), { results: [], absent: [] });
});

peersSuite("costs are those of the generator with seed 1", () => {
  const wanted: number[] = [];
  let state = 1n;
  for (let i = 0; i < 100; i++) {
    state = (state * 1664525n + 1013904223n) % 2n ** 32n;
    wanted.push(Math.fround(1 + Number(state >> 8n) / 2 ** 24));
  }
  assert.equal([...peerCosts(100)], wanted);
});

peersSuite("heaps solve grids, in C++ with the twin's cost, or say that there is no compiler", async () => {
  const javascript = await (await javascriptHeap.prepare(context)).time(grid, 5);
  assert.ok(javascript.median > 0);
  const cpp = await cppHeap.prepare(context).catch((error: Error) => error.message);
  if (typeof cpp === "string") return assert.match(cpp, /^no C\+\+ compiler: tried /);
  const { median, count } = await cpp.time(grid, 5);
  assert.ok(median > 0 && count >= 5);
});

peersSuite("the heap in Python solves grids with the twin's cost, or says that it does not start", async () => {
  const ready = await pythonHeap.prepare(context).catch((error: Error) => error.message);
  if (typeof ready === "string") return assert.match(ready, /does not start; PYTHON names another python$/);
  const { median, count } = await ready.time(grid, 5);
  assert.ok(median > 0 && count >= 5);
  await ready.close?.();
});

peersSuite("of a large batch the heap in Python solves a part, whose time is scaled and whose cost must be right", async () => {
  const costs = peerCosts(140);
  const sum = costs.reduce((total, cost) => total + cost, 0); // paths of one cell
  const answer = (told: number): string => `echo '{"times": [3, 1, 2], "sum": ${told}}'`;
  await withPython(`echo '{}'\nread task\n${answer(sum)}\nread task\n${answer(sum + 1)}\n`, async () => {
    const ready = await pythonHeap.prepare(context);
    const task = { task: "grid-paths", batch: 1400, height: 1, width: 1 } as const;
    assert.is((await ready.time(task, 5)).median, 20);
    const wrong = await ready.time(task, 5).then(() => "", (error: Error) => error.message);
    assert.match(wrong, /^its paths must cost /);
    await ready.close?.();
  });
});

peersSuite("PyTorch that is not there is one line; one that is gives its times", async () => {
  await withPython(null, async () => {
    const message = await pytorch.prepare(context).then(() => "", (error: Error) => error.message);
    assert.match(message, /none has no torch; PYTHON names another python$/);
  });
  await withPython(`echo '{}'\nread task\necho '{"times": [3, 1, 2]}'\n`, async () => {
    const ready = await pytorch.prepare(context);
    assert.is((await ready.time(product, 5)).median, 2);
    const ended = await ready.time(product, 5).then(() => "", (error: Error) => error.message);
    assert.match(ended, /python ended$/);
    await ready.close?.();
  });
});

peersSuite("jax-js that is not there is one line", async () => {
  const before = process.env.JAX_JS;
  process.env.JAX_JS = tmpdir();
  const message = await jaxJs.prepare(context).then(() => "", (error: Error) => error.message);
  if (before === undefined) delete process.env.JAX_JS;
  else process.env.JAX_JS = before;
  const inDeno = await jaxJs.prepare({ runtime: "deno" }).then(() => "", (error: Error) => error.message);
  assert.match(inDeno, /^not timed in Deno/);
  assert.match(message, /^not installed; npm i --no-save @jax-js\/jax, or JAX_JS=folder of the package$/);
});

peersSuite("times that are none are refused", () => {
  const wrong = [null, [], [0], ["1"], [-1, -1]];
  for (const times of wrong) assert.throws(() => summaryOf(times), /must give times above 0/);
});

peersSuite.run();
