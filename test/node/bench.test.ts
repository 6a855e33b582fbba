import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseResults } from "../../bench/read-results.js";
import type { ResultsFile } from "../../bench/results.js";
import { projectRoot } from "../../tools/runtimes/index.js";
import { resultsFile, estimate, timedRow } from "../support/bench-results.js";
import { assertWholeHtml, textOf } from "../support/whole-html.js";

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

const resultsOf = (file: string): ResultsFile => JSON.parse(readFileSync(file, "utf8")) as ResultsFile;

/** Runs the command; sends it Ctrl-C as soon as `interruptWhen` holds. */
async function bench(
  parameters: readonly string[],
  { environment = {}, interruptWhen }: { environment?: Record<string, string>; interruptWhen?: () => boolean } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [join(projectRoot, "build", "tools", "bench.js"), ...parameters], {
    cwd: projectRoot,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (bytes) => (output += String(bytes)));
  child.stderr.on("data", (bytes) => (errors += String(bytes)));
  const watch = setInterval(() => {
    if (interruptWhen?.() !== true) return;
    clearInterval(watch);
    child.kill("SIGINT");
  }, 50);
  try {
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, output, errors };
  } finally {
    clearInterval(watch);
    child.kill("SIGKILL");
  }
}

interface Folder {
  folder: string;
}

const command = suite<Folder>("npm run bench", { folder: "" });
command.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
});
command.after.each(({ folder }) => rmSync(folder, { recursive: true }));

command("--list names benchmarks and cases and runs none", async () => {
  const { code, output } = await bench(["--list"]);
  assert.is(code, 0);
  for (const name of ["ceilings/multiply-add", "noise/", "top-k/mask [2000, 20] k 10", "matmul/512", "memory/"]) {
    assert.ok(output.includes(name), `${name} in\n${output}`);
  }
});

command("an unknown benchmark gets one clear line and exit code 2", async () => {
  const { code, output, errors } = await bench(["top-k", "dijkstra-of-mars"]);
  assert.is(code, 2);
  assert.is(output, "");
  assert.match(errors, /^error: no benchmark has "dijkstra-of-mars" in its name; there are ceilings, .*\n$/);
});

command("unknown arguments get a usage line and exit code 2", async () => {
  for (const parameters of [["--nonsense"], ["--runtime", "python"], ["--adapter", "abacus"], ["--out"], ["--seconds", "0"]]) {
    const { code, errors } = await bench(parameters);
    assert.is(code, 2, parameters.join(" "));
    assert.match(errors, /^error: .*\nUsage: npm run bench -- \[NAME/);
  }
});

command("--compare prints ratios and marks changes; what is no result file gets one line", async ({ folder }) => {
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const rows = (milliseconds: number): string =>
    JSON.stringify(resultsFile([timedRow("a", "b", { time: estimate(milliseconds, 0.01) })]));
  const [first, second] = [write("a.json", rows(10)), write("b.json", rows(12))];
  const compared = await bench(["--compare", first, second]);
  assert.is(compared.code, 0, compared.errors);
  assert.match(compared.output, /a\/b +10\.0 ms +1\.0 % +12\.0 ms +1\.0 % +1\.200 +1\.20 and 1\.20 +▲ slower \+20 %/);
  assert.match(compared.output, /\n1 slower, 0 unchanged\n$/);
  const wrong: readonly (readonly [string[], number, RegExp])[] = [
    [[first], 2, /^error: --compare takes two result files, got 1\n$/],
    [[first, join(folder, "none.json")], 1, /^error: --compare: .*none\.json: must be readable, got ENOENT\n$/],
    [[first, folder], 1, /must be readable, got EISDIR\n$/],
    [[write("c.json", "{}"), first], 1, /^error: --compare: .*c\.json: must be a result file .*, got other JSON\n$/],
  ];
  for (const [files, code, message] of wrong) {
    const ended = await bench(["--compare", ...files]);
    assert.is(ended.code, code);
    assert.match(ended.errors, message);
    assert.is(ended.output, "");
  }
});

command("--against measures another built checkout and this one in alternation: ratios, intervals, a file, a page", async ({
  folder,
}) => {
  const out = join(folder, "against.json");
  const given = ["mask [40, 350]", "add [1024, 1024]", "--against", projectRoot, "--seconds", "0.4", "--out", out];
  const { code, output, errors } = await bench(given);
  assert.is(code, 0, output + errors);
  assert.match(output, /^Node .* on /);
  assert.match(output, /Before: commit .*; after: this checkout\./);
  for (const name of ["top-k/mask [40, 350] k 10", "elementwise/add [1024, 1024]"]) {
    assert.ok(output.includes(`  ${name}`), `${name} in\n${output}`);
  }
  assert.match(output, /\n(\d+ (slower|faster|unclear), )*\d+ unchanged\n/);
  const { against, rows, state } = parseResults(readFileSync(out, "utf8"), out);
  assert.is(state, "finished");
  assert.equal(rows, []);
  assert.equal(against!.rows.map(({ name }) => name), ["top-k/mask [40, 350] k 10", "elementwise/add [1024, 1024]"]);
  for (const { before, after, ratio } of against!.rows) {
    assert.ok(before > 0 && after > 0);
    assert.ok(ratio! > 0.2 && ratio! < 5, `${ratio}`);
  }
  const page = readFileSync(join(folder, "against.html"), "utf8");
  assertWholeHtml(page);
  assert.match(textOf(page), "top-k/mask [40, 350] k 10");
});

command("--against refuses a folder that has not been built, in one line", async ({ folder }) => {
  const { code, output, errors } = await bench(["matmul", "--against", folder]);
  assert.is(code, 1);
  assert.is(output, "");
  assert.match(errors, /^error: --against: the folder must be a built checkout, got .*: run `npm run build` there.*\n$/);
});

command("--from writes the page of a file that somebody sent, and takes nothing else", async ({ folder }) => {
  const [file, page] = [join(folder, "sent.json"), join(folder, "deep", "sent.html")];
  writeFileSync(file, JSON.stringify(resultsFile([timedRow("a", "b", { time: estimate(10, 0.01) })])));
  const { code, output } = await bench(["--from", file, "--page", page]);
  assert.is(code, 0);
  assert.is(output, `Page: ${page}\n`);
  assertWholeHtml(readFileSync(page, "utf8"));
  assert.match(textOf(readFileSync(page, "utf8")), "10.0 ms");
  const alone = await bench(["--from", file]);
  assert.is(alone.code, 2);
  assert.match(alone.errors, /^error: --from takes --page FILE/);
  const missing = await bench(["--from", join(folder, "none.json"), "--page", page]);
  assert.is(missing.code, 1);
  assert.match(missing.errors, /^error: --from: .*none\.json: must be readable, got ENOENT\n$/);
});

command("--save keeps whole runs only", async () => {
  const { code, errors } = await bench(["--save", "matmul"]);
  assert.is(code, 2);
  assert.is(errors, "error: --save keeps all benchmarks: leave the names away\n");
});

command("a result file that cannot be written is an error before anything is measured", async ({ folder }) => {
  const { code, output, errors } = await bench(["--out", folder]);
  assert.is(code, 1);
  assert.is(output, "");
  assert.match(errors, /--out: the file must be writable, got EISDIR/);
});

command("without an adapter there is one clear line, and the file says that the run failed", async ({ folder }) => {
  const out = join(folder, "results.json");
  const { code, errors } = await bench(["--out", out], { environment: { WEBGPU_IMLE_ADAPTER: "abacus" } });
  assert.is(code, 1);
  assert.match(errors, /^webgpu-imle: WEBGPU_IMLE_ADAPTER: must be "software" or "system", got "abacus"\.\n$/);
  assert.is(resultsOf(out).state, "failed");
});

command("Ctrl-C leaves what was measured by then, and exit code 130", async ({ folder }) => {
  const out = join(folder, "deep", "results.json");
  const interruptWhen = (): boolean => existsSync(out) && resultsOf(out).rows.length > 0;
  const { code, output } = await bench(["--quick", "--out", out], { interruptWhen });
  assert.is(code, 130, output);
  assert.match(output, /multiply-add, vec4 +[\d.]+ [µm]s/);
  assert.match(output, /Stopped early, after \d+ of \d+ rows, at [\d.]+ % of the run\./);
  const { state, rows } = resultsOf(out);
  assert.is(state, "interrupted");
  assert.ok(rows.length > 0);
});

command("a quick run of one benchmark prints its table and writes what was measured where", async ({ folder }) => {
  const out = join(folder, "results.json");
  const { code, output, errors } = await bench(["mask [40, 350]", "--quick", "--seconds", "0.1", "--no-peers", "--out", out]);
  assert.is(code, 0, output + errors);
  assert.match(output, /^Node .* on /);
  assert.match(output, /mask \[40, 350\] k 10 +[\d.]+ [µm]s/);
  const results = resultsOf(out);
  assert.is(results.format, 2);
  assert.is(results.state, "finished");
  assert.ok(results.quick);
  assert.is(results.command, `npm run bench -- "mask [40, 350]" --quick --seconds 0.1 --no-peers --out ${out}`);
  assert.ok(results.seconds > 0 && Date.parse(results.started) <= Date.now());
  assert.match(results.commit ?? "", /^([0-9a-f]{40})?$/);
  assert.ok(results.machine.cores > 0 && results.machine.processor !== "");
  assert.is((results.adapter as { runtime: string }).runtime, "node");
  for (const name of ["webgpu-imle", "webgpu", "node"]) assert.match(results.versions[name]!, /^\d+\.\d+/);
  assert.ok(results.circumstances!.fixedMilliseconds > 0);
  const row = results.rows.at(-1)!;
  assert.is(row.name, "mask [40, 350] k 10");
  assert.ok(results.rows.slice(0, -1).every(({ benchmark }) => benchmark === "ceilings"));
  assert.is(row.kind, "timed");
  if (row.kind !== "timed") return;
  assert.ok(row.verified);
  assert.equal(row.parameters, { batch: 40, n: 350, k: 10 });
  const [rate] = row.rates;
  assert.is(rate!.quantity, "bytes");
  assert.ok(Math.abs(rate!.perSecond / ((2 * 4 * 40 * 350 * 1000) / row.measurement.time.value) - 1) < 1e-9);
  assert.ok(rate!.share! > 0);
});

command.run();
