import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchmarks } from "../../bench/index.js";
import { parseResults } from "../../bench/read-results.js";
import { headlinesOf, readmeSection, withSection } from "../../bench/readme.js";
import type { ResultsFile } from "../../bench/results.js";
import { savedName, savedText } from "../../bench/saved.js";
import { projectRoot } from "../../tools/runtimes/index.js";
import { countedRow, resultsFile, estimate, timedRow } from "../support/bench-results.js";

const saved = suite("saved results");

const folder = join(projectRoot, "bench", "results");
const files = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .sort()
  : [];
const textOf = (name: string): string => readFileSync(join(folder, name), "utf8");

saved("every file in bench/results is one that the bench wrote: whole, small, and under its own name", () => {
  for (const name of files) {
    const results = parseResults(textOf(name), name);
    assert.is(results.state, "finished", name);
    assert.is(savedName(results), name);
    assert.is(savedText(results), textOf(name), `${name} must be as the bench writes it`);
    assert.ok(statSync(join(folder, name)).size < 200_000, `${name} must stay small`);
  }
});

saved("the README's tables are those of bench/results", () => {
  const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
  const section = readmeSection(
    files.map((name) => parseResults(textOf(name), name)),
    headlinesOf(benchmarks),
  );
  assert.is(withSection(readme, section), readme, "npm run bench -- --readme renews them");
});

const share = (value: number) => [{ quantity: "bytes", perSecond: 1e9, share: value }] as const;
const measured: ResultsFile = resultsFile(
  [
    timedRow("a", "one", { time: estimate(0.123456789, 0.0123456789) }, { rates: share(0.931) }),
    timedRow("a", "two", { settled: false }, { busy: 2 }),
    countedRow("memory", "step", [{ name: "peak", value: 123456789, unit: "B" }]),
  ],
  {
    quick: false,
    machine: {
      platform: "linux",
      architecture: "x64",
      processor: "Intel(R) Xeon(R) CPU @ 2.70GHz",
      cores: 2,
      memoryBytes: 1,
    },
    adapter: {
      runtime: "deno",
      runtimeVersion: "Deno 2.9 (wgpu)",
      description: "llvmpipe (LLVM 15.0.6 | 256 bits)",
      limits: { a: 1 },
    },
    peerVersions: { "jax-js, same adapter": "0.1.25", PyTorch: "2.15.0 (cpu)" },
    peers: [
      { peer: "PyTorch", benchmark: "a", name: "one", time: estimate(1, 0.1), ratio: 8.1, message: "" },
      { peer: "jax-js", benchmark: "a", name: "one", time: null, ratio: null, message: "no" },
      { peer: "TensorFlow.js, same adapter", benchmark: "a", name: "one", time: null, ratio: 0.5, message: "" },
      { peer: "PyTorch", benchmark: "a", name: "two", time: estimate(1, 0.1), ratio: 2, message: "" },
    ],
  },
);

saved("a file is named by its runtime, adapter and processor, and read back with four digits a number", () => {
  assert.is(savedName(measured), "deno-llvmpipe-intel-xeon-2-cores.json");
  const text = savedText(measured);
  const back = parseResults(text, "a file");
  assert.is(back.rows.length, 3);
  const [row, , counted] = back.rows;
  assert.is(row!.kind === "timed" ? row!.measurement.time.value : 0, 0.1235);
  assert.is(counted!.kind === "counted" ? counted!.counts[0]!.value : 0, 123456789);
  assert.is(back.commit, measured.commit);
  assert.not.match(text, "limits");
  assert.is(text.split("\n").filter((line) => line.includes('"kind"')).length, 3, "a row a line");
});

saved("headlines become tables: times with shares and doubts, ratios of peers, and where it was measured", () => {
  const names = ["a/one", "a/two", "a/three"];
  const section = readmeSection([measured, resultsFile([])], names);
  const [, other] = readmeSection([resultsFile([])], names).match(/^- (.*?): /m)!;
  assert.match(section, `| benchmark/case | Deno, llvmpipe | ${other} |\n| --- | --- | --- |\n`);
  assert.match(section, "| a/one | 123 µs, 93 % of GB/s | – |");
  assert.match(section, "| a/two | ≈ 1.00 ms | – |");
  assert.not.match(section, "a/three");
  assert.match(section, "| a/one | PyTorch ×8.10, TensorFlow.js ×0.500 | – |");
  assert.match(section, "above ×1 ours is less. jax-js 0.1.25; PyTorch 2.15.0 (cpu).");
  assert.match(
    section,
    /- Deno, llvmpipe: Deno 2\.9 \(wgpu\) on llvmpipe \(LLVM .* bits\); Intel\(R\) .*, 2 cores; 2026-01-02, commit 0123456789\n/,
  );
  assert.match(section, /, quick$/);
  assert.match(readmeSection([measured, measured], names), "| Deno, llvmpipe | Deno, llvmpipe (2) |");
  assert.is(readmeSection([], ["a/one"]), "No run has been saved yet.");
});

saved("the section is put between its marks, again and again; a README without them is refused", () => {
  const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
  const once = withSection(readme, "a new section");
  assert.match(once, "\n\na new section\n\n");
  assert.is(withSection(once, "a new section"), once);
  assert.throws(() => withSection("no marks", "text"), /^README\.md must have a line/);
});

saved.run();
