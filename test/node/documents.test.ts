import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { projectRoot } from "../../tools/runtimes/index.js";
import { documents, linksWithin } from "../support/documents.js";

const read = (path: string): string => readFileSync(join(projectRoot, path), "utf8");

const test = suite("documents");

test("each link within the project leads to a file that is there, and to a heading in it", () => {
  const { count, broken } = linksWithin(projectRoot);
  assert.equal(broken, []);
  assert.ok(count > 50, `${count} links`);
});

test("the worker in docs/embed.md is the one that test/worker.test.ts runs", () => {
  const printed = /^```js worker\n([^]*?)^```/m.exec(read("docs/embed.md"))![1]!;
  assert.is(printed, read("test/fixtures/worker.ts").replaceAll("grad!", "grad"));
});

test("docs/reference has every name that the package exports; if not, run npm run docs", async () => {
  const reference = documents(projectRoot, join(projectRoot, "docs", "reference")).map(read).join("\n");
  for (const entry of ["webgpu-imle.js", "testing.js"]) {
    const exported = Object.keys(await import(pathToFileURL(join(projectRoot, "dist", entry)).href));
    assert.ok(exported.length > 5);
    const missing = exported.filter((name) => !new RegExp(`^#+ (\`abstract\` )?${name}(\\(\\))?$`, "m").test(reference));
    assert.equal(missing, [], entry);
  }
});

test("docs/reference describes every function, every method and every property", () => {
  const undescribed: string[] = [];
  let described = 0;
  const judge = (isDescribed: boolean, name: string): void => {
    if (isDescribed) described++;
    else undescribed.push(name);
  };
  for (const page of ["engine", "imle", "solvers", join("solvers", "testing")]) {
    for (const section of read(join("docs", "reference", `${page}.md`)).split(/^### /m).slice(1)) {
      const name = `${page}: ${section.split("\n")[0]}`;
      for (const [, call, after] of section.matchAll(/^(?:#+ )?(\w+)\(\)\n\n```ts\n[^`]*```\n\n(.*)/gm)) {
        judge(!/^[#*<>[]/.test(after!), `${name} ${call}()`);
      }
      for (const [table] of section.matchAll(/^\| Property .*(?:\n\|.*)+/gm)) {
        const [head, , ...rows] = table.split("\n").map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
        const column = head!.indexOf("Description");
        for (const row of rows) judge(column >= 0 && row[column] !== "-", `${name} ${row[1]!.replace(/<[^>]*>/g, "")}`);
      }
    }
  }
  assert.equal(undescribed, []);
  assert.ok(described > 500, `${described} descriptions`);
});

test.run();
