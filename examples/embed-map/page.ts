/** The page of `npm run demo`: the canvas, and what a person may do; `client.ts` brings it to life. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../tools/runtimes/paths.js";
import { html, trusted, type Markup } from "../report/html.js";
import { kindNames } from "./landscape.js";

const asset = (path: string): Markup => trusted(readFileSync(join(projectRoot, path), "utf8"));

export function demoPage(): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Draw a path, and see what the ground is worth</title>
<link rel="icon" href="data:,">
<style>${asset("examples/embed-map/map.css")}</style>
</head>
<body>
<canvas id="land" tabindex="0" aria-label="A landscape in three dimensions, on which paths can be drawn"></canvas>
<aside>
<h1>Where would you walk?</h1>
<p>Draw paths across the land. After each, costs of the ground are learnt under which yours would be the cheapest:
exact shortest paths and their gradients, on the device that draws this picture.</p>
<p id="status" role="status">Starting ...</p>
<p class="choices">
<label><input type="checkbox" id="learn" checked> Learn</label>
<label><input type="checkbox" id="costs"> Show costs</label>
<button type="button" id="clear">Clear paths</button>
</p>
<ul class="legend">
<li><i class="drawn"></i>drawn by you</li>
<li><i class="found"></i>cheapest by what was learnt</li>
<li><i class="perturbed"></i>near-cheapest (perturbed)</li>
${kindNames.map((name) => html`<li class="ground"><i class="${name}"></i>${name}</li>\n`)}
<li class="cost"><i class="heat"></i>cheap to dear</li>
</ul>
<p class="hint">Turn with the right button, Shift, two fingers or the arrow keys; zoom with the wheel.</p>
<p class="touch hint">Turn with two fingers.</p>
<p id="counts"></p>
</aside>
<script type="module">
import main from "/build/programs/examples-embed-map-client.js";
main().catch((error) => { document.getElementById("status").textContent = String(error.message ?? error); });
</script>
</body>
</html>
`.text;
}
