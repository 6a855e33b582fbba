import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ProgramEvent, runProgram, type RunOptions, runtimeNames } from "../../tools/runtimes/index.js";
import { serveSession } from "../../tools/runtimes/server.js";

const quiet = { onText: () => {}, onAdapter: () => {} };
const runFailing = (how: string, options: Partial<RunOptions> = {}) =>
  runProgram({ runtime: "node", program: "test/fixtures/failing.ts", args: how, ...quiet, ...options });

const programs = suite("programs");

for (const runtime of runtimeNames) {
  programs(`on ${runtime} a program gets arguments and data, and its text and events come back in order`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
    try {
      writeFileSync(join(folder, "some file.txt"), "from a file");
      const events: ProgramEvent[] = [];
      const lines: string[] = [];
      const text = 'quotes " and \n line ends, θ';
      const result = await runProgram({
        runtime,
        program: "test/fixtures/echo.ts",
        args: { text, count: 100, file: "folder/some file.txt" },
        data: { folder },
        onEvent: (event) => events.push(event),
        onText: (line) => lines.push(line),
        onAdapter: (adapter) => assert.is(adapter.runtime, runtime),
      });
      assert.is(result.failure, "");
      assert.is(result.outcome, "finished");
      assert.equal(lines, ["a line of text"]);
      const indices = events.slice(0, -1).map((event) => event.index);
      assert.equal(indices, Array.from({ length: 100 }, (_value, index) => index));
      assert.equal(events.at(-1), { type: "echo", runtime, text, data: "from a file" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  programs(`on ${runtime} an error in a program fails the run and says which`, async () => {
    for (const [how, message] of [["throw", "thrown on purpose"], ["reject", "rejected on purpose"]] as const) {
      const result = await runFailing(how, { runtime });
      assert.is(result.outcome, "failed");
      assert.is(result.error?.message, message);
      assert.ok(result.failure.includes(message));
    }
  });

  programs(`on ${runtime} a program that hangs is ended and fails the run`, async () => {
    const result = await runFailing("busy", { runtime, silenceMilliseconds: 2000 });
    assert.is(result.outcome, "failed");
    assert.match(result.failure, "no sign of life for 2 s");
  });

  programs(`on ${runtime} a program stops when its signal is aborted`, async () => {
    const controller = new AbortController();
    const result = await runFailing("wait", { runtime, signal: controller.signal, onEvent: () => controller.abort() });
    assert.is(result.outcome, "stopped");
  });
}

programs("a process that dies fails the run and says how it died", async () => {
  const result = await runFailing("die");
  assert.is(result.outcome, "failed");
  assert.match(result.failure, "SIGSEGV");
});

programs("a missing data file fails the run and is named", async () => {
  const args = { file: "folder/absent.txt", count: 0, text: "" };
  const result = await runProgram({ runtime: "node", program: "test/fixtures/echo.ts", args, ...quiet });
  assert.is(result.outcome, "failed");
  assert.match(result.failure, "folder/absent.txt");
});

programs("the server gives no file outside its folders, and nothing to another host's name", async () => {
  const server = await serveSession({ program: "", args: 7 }, { folder: tmpdir() });
  try {
    const status = async (path: string): Promise<number> => (await fetch(server.origin + path)).status;
    assert.is(await status("/session"), 200);
    assert.is(await status("/package.json"), 404);
    assert.is(await status("/dist/..%2fpackage.json"), 404);
    assert.is(await status("/data/folder/..%2f..%2fetc/hostname"), 404);
    const renamed = server.origin.replace("127.0.0.1", "localhost");
    const answer = await fetch(`${renamed}/session`).catch(() => null);
    assert.ok(answer === null || answer.status === 403);
  } finally {
    await server.close();
  }
});

programs.run();
