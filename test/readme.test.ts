import * as library from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import readme from "../README.md";

const test = suite("README");

/** The code blocks of a language, as printed. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp("^```" + language + "\\n([\\s\\S]*?)^```", "gm"))].map((match) => match[1]!);
}

const importLine = /^import (\{[^}]*\}) from "webgpu-imle";$/gm;

/** Runs a snippet as it is, but for its import, and returns what it printed. */
async function run(code: string): Promise<string[]> {
  const printed: string[] = [];
  const body = code.replace(importLine, "const $1 = library;");
  const console = { log: (...values: unknown[]) => void printed.push(values.join(" ")) };
  const AsyncFunction = (async () => undefined).constructor as new (...text: string[]) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction("library", "console", body)(library, console);
  return printed;
}

test("has the snippets that this test runs", () => {
  assert.is(blocks("js").length, 6);
});

for (const code of blocks("js")) {
  const title = /^(?!const engine|const adapter).*=.*$/m.exec(code)![0];
  test(`the snippet with \`${title}\` prints what it says`, async () => {
    const expected = [...code.matchAll(/\/\/ prints: (.*)$/gm)].map((match) => match[1]!);
    assert.ok(expected.length > 0);
    assert.equal(await run(code), expected);
  });
}

test.run();
