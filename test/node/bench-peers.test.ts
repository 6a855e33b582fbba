import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cppHeap } from "../../bench/peers/cpp-heap.js";
import { javascriptHeap } from "../../bench/peers/javascript-heap.js";
import { jaxJs } from "../../bench/peers/jax-js.js";
import { type Peer, type PeerRow, runPeers, peerEstimate } from "../../bench/peers/peer.js";
import { pythonHeap } from "../../bench/peers/python-heap.js";
import { pytorch } from "../../bench/peers/pytorch.js";
import { checkLastNumbers, lastNumbers, peerNumbers, type PeerTask } from "../../bench/peers/tasks.js";
import { tfjs } from "../../bench/peers/tfjs.js";
import { torchImle } from "../../bench/peers/torch-imle.js";
import { peersTable } from "../../bench/table.js";
import { estimate, timedRow } from "../support/bench-results.js";

const grid = { task: "grid-paths", batch: 20, height: 7, width: 5 } as const;
const product = { task: "matmul", rows: 2, inner: 3, columns: 4, transposeA: false, transposeB: false } as const;
const context = { runtime: "node" } as const;
const order = { ...context, tasks: [], budgetMilliseconds: 5 } as const;
const rows: readonly PeerRow[] = [
  { benchmark: "a", name: "paths", task: grid, milliseconds: 2 },
  { benchmark: "a", name: "product", task: product, milliseconds: 4 },
];

const fake = (name: string, more: Partial<Peer> = {}): Peer => ({
  name,
  tasks: ["grid-paths", "matmul"],
  prepare: () => Promise.resolve({ time: () => Promise.resolve(estimate(8, 0.01)) }),
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
    [
      ["both", "paths", 4, ""],
      ["both", "product", 2, ""],
      ["broken", "product", null, "no memory"],
    ],
  );
  assert.equal(absent, [{ peer: "missing", message: "not installed" }]);
  const measured = [timedRow("a", "paths", { time: estimate(2, 0.01) }), timedRow("a", "product")];
  const table = peersTable(results, measured);
  assert.equal(table[1], ["a/paths", "2.00 ms", "both", "8.00 ms", "1.0 %", "×4.00"]);
  assert.equal(table[3], ["a/product", "1.00 ms", "broken", "", "", "none: no memory"]);
});

peersSuite("time is shared out among peers, and whoever takes longer is left out", async () => {
  const endless = fake("endless", { prepare: () => Promise.resolve({ time: () => new Promise(() => {}) }) });
  const { results } = await runPeers([endless, fake("quick")], rows, {
    ...context,
    budgetMilliseconds: 1,
    allowance: 60,
  });
  assert.equal(
    results.map(({ peer, ratio, message }) => [peer, ratio, message]),
    [
      ["endless", null, "left out, to end in time"],
      ["endless", null, "left out, to end in time"],
      ["quick", 4, ""],
      ["quick", 2, ""],
    ],
  );
});

peersSuite("a stop while a peer works ends the waiting, and what was there is kept", async () => {
  const stopping = new AbortController();
  const endless = fake("endless", { prepare: () => Promise.resolve({ time: () => new Promise(() => {}) }) });
  const settings = { ...context, budgetMilliseconds: 1, signal: stopping.signal };
  setTimeout(() => stopping.abort(), 20);
  const { results } = await runPeers([fake("quick"), endless], rows, settings);
  assert.equal(
    results.map(({ peer }) => peer),
    ["quick", "quick"],
  );
});

peersSuite("after a stop no peer is asked", async () => {
  const settings = { budgetMilliseconds: 1, ...context, signal: AbortSignal.abort() };
  assert.equal(await runPeers([fake("a")], rows, settings), { results: [], absent: [], versions: {} });
});

peersSuite("costs are those of the generator with seed 1", () => {
  const wanted: number[] = [];
  let state = 1n;
  for (let i = 0; i < 100; i++) {
    state = (state * 1664525n + 1013904223n) % 2n ** 32n;
    wanted.push(Math.fround(1 + Number(state >> 8n) / 2 ** 24));
  }
  assert.equal([...peerNumbers(100)], wanted);
});

peersSuite("heaps solve grids, in C++ with the twin's cost, or say that there is no compiler", async () => {
  const javascript = await (await javascriptHeap.prepare(order)).time(grid, 5);
  assert.ok(javascript.value > 0);
  const cpp = await cppHeap.prepare(order).catch((error: Error) => error.message);
  if (typeof cpp === "string") return assert.match(cpp, /^no C\+\+ compiler: tried /);
  const { value, count } = await cpp.time(grid, 5);
  assert.ok(value > 0 && count >= 5);
});

peersSuite("the heap in Python solves grids with the twin's cost, or says that it does not start", async () => {
  const ready = await pythonHeap.prepare(order).catch((error: Error) => error.message);
  if (typeof ready === "string") return assert.match(ready, /does not start; PYTHON names another python$/);
  const { value, count } = await ready.time(grid, 5);
  assert.ok(value > 0 && count >= 5);
  await ready.close?.();
});

peersSuite(
  "of a large batch the heap in Python solves a part, whose time is scaled and whose cost must be right",
  async () => {
    const costs = peerNumbers(140);
    const sum = costs.reduce((total, cost) => total + cost, 0); // paths of one cell
    const answer = (told: number): string => `echo '{"times": [3, 1, 2], "sum": ${told}}'`;
    await withPython(`echo '{}'\nread task\n${answer(sum)}\nread task\n${answer(sum + 1)}\n`, async () => {
      const ready = await pythonHeap.prepare(order);
      const task = { task: "grid-paths", batch: 1400, height: 1, width: 1 } as const;
      assert.ok(Math.abs((await ready.time(task, 5)).value - 40 / 3) < 1e-9, "the middle of the least third, scaled");
      const wrong = await ready.time(task, 5).then(
        () => "",
        (error: Error) => error.message,
      );
      assert.match(wrong, /^its paths must cost /);
      await ready.close?.();
    });
  },
);

peersSuite("PyTorch that is not there is one line; one that is gives its times", async () => {
  await withPython(null, async () => {
    const message = await pytorch.prepare(order).then(
      () => "",
      (error: Error) => error.message,
    );
    assert.match(message, /none has no torch; PYTHON names another python$/);
  });
  await withPython(
    `echo '{}'\nread task\necho '{"times": [3, 1, 2], "last": [${lastNumbers(product)[0]}]}'\n`,
    async () => {
      const ready = await pytorch.prepare(order);
      assert.ok(Math.abs((await ready.time(product, 5)).value - 4 / 3) < 1e-9, "the middle of the least third");
      const ended = await ready.time(product, 5).then(
        () => "",
        (error: Error) => error.message,
      );
      assert.match(ended, /python ended$/);
      await ready.close?.();
    },
  );
});

peersSuite("a peer in JavaScript that is not installed is one line", async () => {
  const before = { JAX_JS: process.env.JAX_JS, TFJS: process.env.TFJS };
  Object.assign(process.env, { JAX_JS: tmpdir(), TFJS: tmpdir() });
  for (const [peer, advice] of [
    [jaxJs, "@jax-js/jax, or JAX_JS=folder in which they are"],
    [tfjs, "@tensorflow/tfjs @tensorflow/tfjs-backend-webgpu, or TFJS=folder in which they are"],
  ] as const) {
    const message = await peer.prepare(order).then(
      () => "",
      (error: Error) => error.message,
    );
    assert.is(message, `not installed; npm i --no-save ${advice}`);
  }
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

peersSuite("torch-imle without a copy, or with a wrong one, is one line", async () => {
  const before = process.env.TORCH_IMLE;
  for (const [folder, expected] of [
    ["", /^no copy of it is named; TORCH_IMLE=folder of its checkout$/],
    [tmpdir(), /^TORCH_IMLE must name its checkout, with imle\/wrapper\.py in it, got /],
  ] as const) {
    process.env.TORCH_IMLE = folder;
    assert.match(
      await torchImle.prepare(order).then(
        () => "",
        (error: Error) => error.message,
      ),
      expected,
    );
  }
  if (before === undefined) delete process.env.TORCH_IMLE;
  else process.env.TORCH_IMLE = before;
});

peersSuite("what a peer gives must end as plain loops say", () => {
  const convolution = { batch: 2, inputs: 2, outputs: 3, side: 5, window: 3, stride: 2, padding: 1 } as const;
  const tasks: readonly PeerTask[] = [
    product,
    { task: "add", rows: 2, columns: 3 },
    { task: "exp", rows: 2, columns: 3 },
    { task: "relu", rows: 2, columns: 3 },
    { task: "softmax", rows: 2, columns: 3 },
    { task: "sum-rows", rows: 2, columns: 3 },
    { task: "sum", rows: 2, columns: 3 },
    { task: "sort", rows: 2, columns: 3 },
    { task: "cumulative-sum", rows: 2, columns: 3 },
    { ...product, transposeA: true, transposeB: true },
    { task: "conv2d", ...convolution },
    { task: "conv2d-gradients", ...convolution },
    { task: "top-k", batch: 2, n: 5, k: 2 },
  ];
  for (const task of tasks) {
    const wanted = lastNumbers(task);
    checkLastNumbers(task, [7, ...wanted]);
    const wrong = wanted.map((value) => value + 0.01);
    assert.throws(() => checkLastNumbers(task, wrong), new RegExp(`^its ${task.task} must end with `));
  }
  checkLastNumbers({ task: "imle-top-k", batch: 1, n: 2, k: 1, samples: 1 }, []);
});

peersSuite("times that are none are refused", () => {
  const wrong = [null, [], [0], ["1"], [-1, -1]];
  for (const times of wrong) assert.throws(() => peerEstimate(times), /must give times above 0/);
});

peersSuite.run();
