import * as library from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import embed from "../docs/embed.md";
import readme from "../README.md";

const test = suite("snippets");

/** The code blocks of a language, as printed. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp("^```" + language + "\\n([\\s\\S]*?)^```", "gm"))].map((match) => match[1]!);
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

for (const [name, text, count] of [
  ["README", readme, 6],
  ["docs/embed", embed, 12],
] as const) {
  const snippets = blocks(text, "js");
  test(`${name} has the snippets that this test runs`, () => {
    assert.is(snippets.length, count);
  });

  snippets.forEach((code, index) => {
    test(`snippet ${index + 1} of ${name} prints what it says`, async () => {
      const expected = [...code.matchAll(/\/\/ prints: (.*)$/gm)].map((match) => match[1]!);
      assert.ok(expected.length > 0);
      assert.equal(await run(code), expected);
    });
  });
}

test.run();
