/** What tests ask of an HTML page without a browser. */

import * as assert from "uvu/assert";

const empty = new Set(["meta", "link", "br", "hr", "img", "input"]);

/** Asserts that a page begins and ends as one, and that each element is closed where it must be. */
export function assertWholeHtml(page: string): void {
  assert.match(page, /^<!doctype html>\s*<html/);
  assert.match(page, /<\/html>\s*$/);
  const open: string[] = [];
  const markup = page
    .replace(/^<!doctype html>/, "")
    .replace(/<(script|style)\b([^>]*)>[^]*?<\/\1>/g, "<$1$2></$1>");
  for (const [tag, closing, name] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s+[a-z-]+(?:="[^"<>]*")?)*\s*>/g)) {
    if (empty.has(name!)) continue;
    if (closing === "") open.push(name!);
    else assert.is(open.pop(), name, `${tag} closes another element`);
  }
  assert.equal(open, []);
  const rest = markup.replace(/<\/?[a-z][a-z0-9]*(?:\s+[a-z-]+(?:="[^"<>]*")?)*\s*>/g, "");
  assert.not.match(rest, /[<>]/, "what is left beside the tags is text");
}

/** The words of a page, as a reader would see them. */
export function textOf(page: string): string {
  return page
    .replace(/<(script|style)\b[^>]*>[^]*?<\/\1>/g, " ")
    .replace(/<(?!\/?(b|strong|em)\b)[^>]*>/g, " ")
    .replace(/<[^>]*>/g, "")
    .replace(/\s+/g, " ");
}

/** Text that would be markup, end a script or leave an attribute wherever it is not escaped. */
export const hostile = `</script><img src=x onerror="alert(1)">&'`;

/** Asserts that a page into which {@link hostile} came is whole, and that it became text. */
export function assertHarmless(page: string): void {
  assertWholeHtml(page);
  assert.not.match(page, "<img");
  assert.match(page, "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;");
}

/** Asserts that nothing in a page has a browser ask for more: no addresses, in markup or in styles. */
export function assertSelfContained(page: string): void {
  const outsideScripts = page.replace(/<script>[^]*?<\/script>/g, "");
  for (const [tag] of outsideScripts.matchAll(/<[a-z][^>]*>/gi)) {
    assert.not.match(tag, /\b(src|href|srcset|action|poster)\s*=/i);
  }
  assert.not.match(outsideScripts, /url\(|@import|https?:/i);
}
