import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { projectRoot } from "../../tools/runtimes/index.js";
import { clock, table } from "../../tools/terminal.js";
import { writeSplit } from "../support/published-folder.js";
import { assertWholeHtml, textOf } from "../support/whole-html.js";

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the command; sends it Ctrl-C when its output matches `interruptAt`. */
async function start(parameters: readonly string[], interruptAt?: RegExp): Promise<Ended> {
  const child = spawn(process.execPath, [join(projectRoot, "build", "tools", "start.js"), ...parameters], {
    cwd: projectRoot,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  let interrupted = false;
  child.stderr.on("data", (bytes) => (errors += String(bytes)));
  child.stdout.on("data", (bytes) => {
    output += String(bytes);
    // Once: a second Ctrl-C ends the command at once.
    if (interrupted || interruptAt?.test(output) !== true) return;
    interrupted = true;
    child.kill("SIGINT");
  });
  try {
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, output, errors };
  } finally {
    child.kill("SIGKILL");
  }
}

interface Folder {
  folder: string;
}

const command = suite<Folder>("npm start", { folder: "" });
command.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
});
command.after.each(({ folder }) => rmSync(folder, { recursive: true }));

command("--help names the experiments and every option, and ends well", async () => {
  const { code, output } = await start(["--help"]);
  assert.is(code, 0);
  const options = ["--seed", "--epochs", "--runtime", "--out", "--model", "--data"];
  for (const word of ["digits", "terrain", "synthetic", ...options, "node", "deno", "chrome"]) {
    assert.ok(output.includes(word), `${word} in\n${output}`);
  }
});

command("unknown arguments get a usage line and exit code 2", async () => {
  for (const parameters of [
    ["--nonsense"],
    ["numbers"],
    ["digits", "more"],
    ["--epochs", "0"],
    ["--epochs", "two"],
    ["--seed", "-1"],
    ["--seed", "4294967296"],
    ["--runtime", "python"],
    ["--out"],
    ["--out", "page.html"],
    ["--data", "."],
    ["digits", "--data", "."],
    ["--model", "resnet"],
    ["digits", "--model", "resnet"],
    ["terrain", "--model", "oracle"],
    ["terrain", "--data"],
  ]) {
    const { code, errors } = await start(parameters);
    assert.is(code, 2, parameters.join(" "));
    assert.match(errors, /^error: .*\nUsage: npm start -- \[digits\|terrain\|synthetic\]/);
  }
});

command("a page that cannot be written is an error before anything is trained", async ({ folder }) => {
  const { code, output, errors } = await start(["digits", "--out", folder]);
  assert.is(code, 1);
  assert.is(output, "");
  assert.match(errors, /--out: the page must be writable, got EISDIR/);
});

command("a data folder without the published files is an error before anything is trained", async ({ folder }) => {
  const out = join(folder, "page.html");
  const { code, output, errors } = await start(["terrain", "--data", folder, "--out", out]);
  assert.is(code, 1);
  assert.is(output, "");
  assert.match(errors, /--data: .* must have train_maps\.npy or train_maps_part0\.npy, got neither/);
  assert.not(existsSync(out));
});

command("the published maps of a folder are trained on, tested on, and named on the page", async ({ folder }) => {
  const out = join(folder, "page.html");
  for (const [split, count] of [["train", 60], ["val", 10], ["test", 20]] as const) writeSplit(folder, split, count);
  const given = ["terrain", "--model", "resnet", "--data", folder, "--epochs", "1", "--out", out];
  const { code, output } = await start(given);
  assert.is(code, 0, output);
  assert.match(output, /on 20 unseen maps/);
  assert.match(output, /cheapest paths, validation \(10\) +\d/);
  const page = readFileSync(out, "utf8");
  assertWholeHtml(page);
  const counts = `60 to train, 10 to validate, 20 to test, 3 × 3 tiles, of ${folder}`;
  for (const expected of [counts, "CombResNet18", `--model resnet --data ${folder}`]) {
    assert.ok(textOf(page).includes(expected), textOf(page).slice(-900));
  }
});

command("synthetic runs all its methods and leaves a whole page of them", async ({ folder }) => {
  const out = join(folder, "page.html");
  const { code, output } = await start(["synthetic", "--epochs", "2", "--out", out]);
  assert.is(code, 0, output);
  for (const name of ["I-MLE", "straight-through", "score function", "SIMPLE"]) {
    assert.match(output, new RegExp(`^${name} +\\d+\\.\\d{3} at rate `, "m"));
  }
  const page = readFileSync(out, "utf8");
  assertWholeHtml(page);
  assert.match(textOf(page), "9 of 9");
  assert.match(textOf(page), "read nothing back");
});

command("Ctrl-C while terrain is learnt leaves a whole page of what there is", async ({ folder }) => {
  const out = join(folder, "page.html");
  writeSplit(folder, "train", 60);
  writeSplit(folder, "test", 20);
  const given = ["terrain", "--data", folder, "--epochs", "1000", "--out", out];
  const { code, output } = await start(given, /^epoch 2 /m);
  assert.is(code, 130, output);
  const page = readFileSync(out, "utf8");
  assertWholeHtml(page);
  assert.match(textOf(page), /This run was stopped early: \d+ of 1000 epochs/);
});

command("Ctrl-C after the first results leaves a whole page of them and exit code 130", async ({ folder }) => {
  const out = join(folder, "deep", "page.html");
  const { code, output } = await start(["digits", "--epochs", "50", "--out", out], /^epoch 0 /m);
  assert.is(code, 130, output);
  assert.match(output.split("\n")[0]!, /^Node .* on /);
  assert.match(output, /four random patches +\d+\.\d %/);
  assert.ok(output.trimEnd().endsWith(out), output);
  const page = readFileSync(out, "utf8");
  assertWholeHtml(page);
  assert.match(textOf(page), /This run was stopped early: [01] of 50 epochs/);
  assert.equal(readdirSync(join(folder, "deep")), ["page.html"]);
});

command("Ctrl-C before any result leaves a whole page as well", async ({ folder }) => {
  const out = join(folder, "page.html");
  const { code, output } = await start(["digits", "--out", out], /^Learns /m);
  assert.is(code, 130, output);
  assert.ok(existsSync(out));
  assertWholeHtml(readFileSync(out, "utf8"));
});

command("times and tables are laid out for reading", () => {
  assert.equal([0, 5, 65.4, 600].map(clock), ["0:00", "0:05", "1:05", "10:00"]);
  assert.is(table([["a", "bb"], ["ccc", "d"]]), "  a     bb\n  ───   ──\n  ccc   d");
});

command.run();
