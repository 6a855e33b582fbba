import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { projectRoot } from "../../tools/runtimes/index.js";

interface Folder {
  folder: string;
}

const command = suite<Folder>("npm run try", { folder: "" });
command.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
});
command.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function run(parameters: readonly string[]): { status: number | null; output: string; errors: string } {
  const command = [join(projectRoot, "build", "tools", "try.js"), ...parameters];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: projectRoot, encoding: "utf8" });
  return { status, output: stdout, errors: stderr };
}

command("the README's first example, saved and tried, prints what the README says", ({ folder }) => {
  const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
  const example = /^```js\n([\s\S]*?)^```/m.exec(readme)![1]!;
  const expected = /\/\/ prints: (.*)$/m.exec(example)![1]!;
  const file = join(folder, "first.js");
  writeFileSync(file, example);
  const { status, output } = run([file]);
  assert.is(output.trim().split("\n").at(-1), expected);
  assert.is(status, 0);
});

command("a file that is not there, one that does not parse and one that throws exit with 1 and say why", ({ folder }) => {
  const missing = run([join(folder, "missing.js")]);
  assert.is(missing.status, 1);
  assert.match(missing.errors, /missing\.js: the file must exist/);
  writeFileSync(join(folder, "broken.js"), "let = ;");
  const broken = run([join(folder, "broken.js")]);
  assert.is(broken.status, 1);
  assert.match(broken.errors, /broken\.js:1/);
  writeFileSync(join(folder, "throws.js"), 'throw new Error("on purpose");');
  const throwing = run([join(folder, "throws.js")]);
  assert.is(throwing.status, 1);
  assert.match(throwing.errors, /on purpose/);
});

command("unknown arguments get a usage line and exit code 2", () => {
  for (const parameters of [[], ["a.js", "b.js"], ["a.js", "--nonsense"], ["a.js", "--runtime", "bun"]]) {
    const { status, errors } = run(parameters);
    assert.is(status, 2, parameters.join(" "));
    assert.match(errors, /Usage: npm run try/);
  }
});

command.run();
