import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ProgramEvent, projectRoot, runProgram } from "../../tools/runtimes/index.js";
import type { FileReport } from "../support/runner.js";

/** Runs fixtures as if they were test files. */
async function report(...fixtures: string[]): Promise<FileReport[]> {
  const events: ProgramEvent[] = [];
  const result = await runProgram({
    runtime: "node",
    program: "test/support/runner.ts",
    args: { files: fixtures.map((name) => `test-fixtures-${name}`), timeoutMilliseconds: 300 },
    onText: () => {},
    onAdapter: () => {},
    onEvent: (event) => events.push(event),
  });
  assert.is(result.failure, "");
  return events.filter((event) => event.type === "file-finished") as unknown as FileReport[];
}

function testCommand(...parameters: string[]): { status: number | null; output: string } {
  const command = join(projectRoot, "build", "tools", "test.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...parameters], { encoding: "utf8" });
  return { status, output: stdout + stderr };
}

const command = suite("npm test");

command("failed, hung and skipped tests and failed hooks all count as failures", async () => {
  const [red] = await report("red");
  assert.is(red?.passed, 2);
  assert.is(red?.failed, 6);
  const text = red?.failures.join("\n") ?? "";
  const reasons = ["fails", "thrown: text", "never ends", "1 skipped", "the hook failed", "something is left"];
  for (const reason of reasons) assert.ok(text.includes(reason), reason);
});

command("a file without a test that runs, or that cannot be imported, is a failure", async () => {
  const [forgotten, broken] = await report("forgotten", "import-error");
  assert.equal([forgotten?.passed, forgotten?.failed], [0, 1]);
  assert.equal([broken?.passed, broken?.failed], [0, 1]);
  assert.match(broken?.failures[0] ?? "", "at import");
});

command("it closes with the counts, and without a test there is one failure", () => {
  const { status, output } = testCommand("--no-types", "--file", "no such file");
  assert.is(status, 1);
  assert.match(output, /\n0 passed, 1 failed\n$/);
});

command("an unknown argument gives a usage line and exit code 2", () => {
  for (const parameters of [["--nonsense"], ["extra"], ["--runtime", "bun"], ["--timeout", "soon"]]) {
    const { status, output } = testCommand(...parameters);
    assert.is(status, 2, parameters.join(" "));
    assert.match(output, "Usage: npm test --");
  }
});

command.run();
