/** The files of a tutorial, and a small module system in which a test runs them as they are printed. */

type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Every block of JavaScript by the name under which the text before it says to save it. */
export function tutorialFiles(text: string): Record<string, string> {
  const files: Record<string, string> = {};
  let before = 0;
  for (const match of text.matchAll(/^```js\n([^]*?)^```/gm)) {
    const name = /Save as\s`([\w-]+\.js)`/.exec(text.slice(before, match.index));
    files[name![1]!] = match[1]!;
    before = match.index + match[0].length;
  }
  return files;
}

/** What a file says that it prints. */
export const promisesOf = (code: string): string[] => [...code.matchAll(/\/\/ prints: (.*)$/gm)].map((match) => match[1]!);

type Body = (...values: unknown[]) => Promise<Record<string, unknown>>;

const AsyncFunction = (async () => undefined).constructor as new (...text: string[]) => Body;

/** Runs a file with those that it imports, and returns what it printed. */
export async function printedBy(
  name: string,
  files: Readonly<Record<string, string>>,
  packages: Modules,
): Promise<string[]> {
  const printed: string[] = [];
  const console = { log: (...values: unknown[]) => void printed.push(values.join(" ")) };
  const process = { exit: () => undefined };
  const load = async (file: string): Promise<Readonly<Record<string, unknown>>> => {
    if (packages[file]) return packages[file];
    const exported = [...files[file]!.matchAll(/^export (?:async )?(?:const|function) (\w+)/gm)].map((match) => match[1]!);
    const body = files[file]!
      .replace(/^import (\{[^}]*\}) from "(?:\.\/)?([^"]+)";$/gm, 'const $1 = await load("$2");')
      .replace(/^export /gm, "");
    const run = new AsyncFunction("load", "console", "process", `${body}\nreturn { ${exported.join(", ")} };`);
    return await run(load, console, process);
  };
  await load(name);
  return printed;
}
