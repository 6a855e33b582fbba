/** The frame of the page on which a person runs benchmarks in a browser: `client.ts` fills it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { html, jsonForScript, trusted, type Markup } from "../../examples/report/html.js";
import { projectRoot } from "../../tools/runtimes/paths.js";
import type { Surroundings } from "../../tools/surroundings.js";
import { plotScripts, plotStyles } from "../report/page.js";

const policy =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'";

const asset = (path: string): Markup =>
  trusted(readFileSync(join(projectRoot, path), "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""));

/** @param surroundings  of the checkout that serves the page; they go into the JSON that the page gives */
export function livePage(surroundings: Surroundings): string {
  const styles = ["examples/report/page.css", ...plotStyles, "bench/live/live.css"];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Benchmarks of webgpu-imle</title>
<link rel="icon" href="data:,">
${styles.map((path) => html`<style>${asset(path)}</style>\n`)}</head>
<body>
<main>
<header>
<p class="overline" id="adapter">Looking for an adapter ...</p>
<h1>Benchmarks in this browser</h1>
<p class="lead">Choose, run, and keep this tab in front until the bar is full. Nothing leaves this machine: the figures
stay on this page until you download them.</p>
</header>
<div id="warnings" role="alert"></div>
<form id="choice">
<fieldset id="benchmarks"><legend>Benchmarks</legend></fieldset>
<p class="quick"><label><input type="checkbox" id="quick" checked> Quick: less time a row, and less certainty</label>
<small id="plan"></small></p>
<p class="buttons"><button type="submit" id="run" disabled>Run</button>
<button type="button" id="all">Choose all</button>
<button type="button" id="stop" disabled>Stop</button>
<button type="button" id="download" disabled>Download JSON</button></p>
</form>
<p id="progress" hidden><progress id="bar" max="1" value="0"></progress> <span id="status" role="status"></span></p>
<div id="results"></div>
</main>
<script type="application/json" id="surroundings">${jsonForScript(surroundings)}</script>
${plotScripts.map((path) => html`<script>${asset(path)}</script>\n`)}<script type="module">
import main from "/build/programs/bench-live-client.js";
await main();
</script>
</body>
</html>
`.text;
}
