import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const skipped = new Set(["node_modules", "build", "dist", "results", ".git"]);

/** All Markdown of a folder, as paths relative to `root`. */
export function documents(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : documents(root, path);
    return entry.name.endsWith(".md") ? [relative(root, path)] : [];
  });
}

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

/** The links within a folder's Markdown, how many there are, and those that lead to no file there or to no heading. */
export function linksWithin(root: string): { count: number; broken: string[] } {
  const broken: string[] = [];
  let count = 0;
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  for (const file of documents(root)) {
    const text = withoutCode(read(file)).replace(/`[^`\n]*`/g, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      count++;
      const [path, anchor] = target!.split("#") as [string, string?];
      const aim = path === "" ? file : join(dirname(file), path);
      if (!existsSync(join(root, aim))) broken.push(`${file}: ${target}`);
      else if (anchor !== undefined && aim.endsWith(".md") && !anchors(read(aim)).has(anchor)) {
        broken.push(`${file}: ${target}`);
      }
    }
  }
  return { count, broken };
}
