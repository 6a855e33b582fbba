import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { projectRoot } from "../../tools/runtimes/index.js";

const skipped = new Set(["node_modules", "build", "dist", "results", ".git"]);

/** All Markdown of the checkout, as paths relative to its root. */
function documents(folder = projectRoot): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : documents(path);
    return entry.name.endsWith(".md") ? [relative(projectRoot, path)] : [];
  });
}

const read = (path: string): string => readFileSync(join(projectRoot, path), "utf8");
const withoutCode = (text: string): string => text.replace(/^ *```[^]*?^ *```/gm, "");

/** The anchors that a document gives itself, and those that GitHub makes of its headings: repeated ones are numbered. */
function anchors(text: string): Set<string> {
  const counts = new Map<string, number>();
  const given = [...text.matchAll(/<a id="([^"]+)">/g)].map((match) => match[1]!);
  return new Set([
    ...given,
    ...[...withoutCode(text).matchAll(/^#+ +(.*)$/gm)].map((match) => {
      const words = match[1]!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const slug = words.replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replace(/ /g, "-");
      const count = counts.get(slug) ?? 0;
      counts.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  ]);
}

const test = suite("documents");

test("each link within the project leads to a file that is there, and to a heading in it", () => {
  const broken: string[] = [];
  let links = 0;
  for (const file of documents()) {
    const text = withoutCode(read(file)).replace(/`[^`\n]*`/g, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      links++;
      const [path, anchor] = target!.split("#") as [string, string?];
      const aim = path === "" ? file : join(dirname(file), path);
      if (!existsSync(join(projectRoot, aim))) broken.push(`${file}: ${target}`);
      else if (anchor !== undefined && aim.endsWith(".md") && !anchors(read(aim)).has(anchor)) {
        broken.push(`${file}: ${target}`);
      }
    }
  }
  assert.equal(broken, []);
  assert.ok(links > 50, `${links} links`);
});

test("the worker in docs/embed.md is the one that test/worker.test.ts runs", () => {
  const printed = /^```js worker\n([^]*?)^```/m.exec(read("docs/embed.md"))![1]!;
  assert.is(printed, read("test/fixtures/worker.ts").replaceAll("grad!", "grad"));
});

test("docs/reference has every name that the package exports; if not, run npm run docs", async () => {
  const reference = documents(join(projectRoot, "docs", "reference")).map(read).join("\n");
  for (const entry of ["webgpu-imle.js", "testing.js"]) {
    const exported = Object.keys(await import(pathToFileURL(join(projectRoot, "dist", entry)).href));
    assert.ok(exported.length > 5);
    const missing = exported.filter((name) => !new RegExp(`^#+ ${name}(\\(\\))?$`, "m").test(reference));
    assert.equal(missing, [], entry);
  }
});

test("docs/reference describes every function that the package exports", () => {
  const undescribed = ["engine", "imle", "solvers"].flatMap((page) => {
    const sections = read(join("docs", "reference", `${page}.md`)).split(/^### /m).slice(1);
    const functions = sections.filter((section) => /^\w+\(\)\n/.test(section));
    assert.ok(functions.length > 0, page);
    return functions
      .filter((section) => !/^```\n\n(?![#*<>[])\S/m.test(section))
      .map((section) => `${page}: ${section.split("(")[0]}`);
  });
  assert.equal(undescribed, []);
});

test.run();
