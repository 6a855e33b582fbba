/** HTML text in which everything interpolated is escaped. */

/** Text that is HTML already. Only {@link html} and {@link trusted} make it. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = string | number | Markup | readonly Markup[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

function toText(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map((part: Markup) => part.text).join("");
  return escapeHtml(String(value));
}

/** `` html`<b>${name}</b>` ``: strings and numbers are escaped, markup and lists of markup are taken as they are. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.reduce((text, part, i) => text + toText(values[i - 1]!) + part));
}

/** Takes the project's own text (a style sheet, a script) as it is. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/** JSON that may stand in a script element: no `<` ends the element early. */
export function jsonForScript(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll("<", "\\u003c"));
}
