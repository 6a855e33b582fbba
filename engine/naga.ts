/**
 * What naga's validator says, more exactly: it names the line at which a function begins, and underlines what is wrong
 * in an excerpt of it; the reasons are at the end, the last being the nearest.
 *
 * @param line what the compiler says where it is, and what is given back for other messages
 */
export function locateInExcerpt(message: string, line: number): { line: number; said: string } {
  const lines = message.trim().split("\n");
  const said = lines[0]!;
  let [number, found] = [line, line];
  for (const text of said.includes("validation error") ? lines : []) {
    number = Number(/^\s*(\d+) │/.exec(text)?.[1] ?? number);
    if (/^\s*│.*\^/.test(text) && !text.includes("╰─^")) found = number;
  }
  const reason = lines.filter((text) => text.startsWith("  = ")).at(-1);
  return { line: found, said: reason ? `${said}: ${reason.slice(4)}` : said };
}
