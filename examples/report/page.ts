/**
 * The page that an experiment leaves behind: one HTML file with everything inside. Its own policy forbids the browser
 * every request, so it looks the same offline, on a stick and in an attachment.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../tools/runtimes/paths.js";
import { html, jsonForScript, trusted, type Markup } from "./html.js";

export interface Figure {
  readonly value: string;
  readonly label: string;
  readonly note: string;
  /** Which of the page's colours the number has: see the head of `page.css`. */
  readonly colour: string;
}

export interface Section {
  readonly heading: string;
  readonly introduction?: Markup;
  readonly body: Markup;
}

export interface Page {
  readonly title: string;
  /** A few words above the title. */
  readonly overline: string;
  /** What was learnt, in two sentences. */
  readonly lead: Markup;
  readonly figures: readonly Figure[];
  readonly sections: readonly Section[];
  /** Names and values at the end: machine, seed, time. */
  readonly circumstances: readonly (readonly [name: string, value: string])[];
  /** What the scripts read, as JSON in the element `report-data`. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Files of the checkout, relative to its root; they run in this order. */
  readonly scripts: readonly string[];
  /** Files of the checkout, relative to its root; they follow the page's own style. */
  readonly styles: readonly string[];
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

function asset(path: string): Markup {
  return trusted(readFileSync(join(projectRoot, path), "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""));
}

/** A whole number as a page shows it: `2,000`. */
export const count = (value: number): string => value.toLocaleString("en");

/** A share of 1 as a page shows it: `92.8 %`, with a space at which no line breaks. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}\u00a0%`;

/** The whole text of the file. */
export function renderPage(page: Page): string {
  const styles = ["examples/report/page.css", ...page.styles].map((path) => html`<style>${asset(path)}</style>\n`);
  const scripts = page.scripts.map((path) => html`<script>${asset(path)}</script>\n`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title}</title>
${styles}</head>
<body>
<main>
<header>
<p class="overline">${page.overline}</p>
<h1>${page.title}</h1>
<p class="lead">${page.lead}</p>
${page.figures.length > 0 ? html`<div class="figures">${page.figures.map(figure)}</div>` : ""}
</header>
${page.sections.map(section)}
<footer>
<dl>${page.circumstances.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</footer>
</main>
<script type="application/json" id="report-data">${jsonForScript(page.data)}</script>
${scripts}</body>
</html>
`.text;
}

function figure({ value, label, note, colour }: Figure): Markup {
  return html`<div class="figure" data-colour="${colour}"><strong>${value}</strong><span>${label}</span>
<small>${note}</small></div>`;
}

function section({ heading, introduction, body }: Section): Markup {
  return html`<section>
<h2>${heading}</h2>
${introduction === undefined ? "" : html`<p class="introduction">${introduction}</p>`}
${body}
</section>
`;
}
