/** The plots of a report, and where they stand: the file and the live page share them. */

import { html, type Markup } from "../../examples/report/html.js";
import type { Section } from "../../examples/report/page.js";
import type { Row } from "../results.js";
import { curvesOf } from "./curves.js";
import { plotPlaces, type Plot, plotsOf } from "./plots.js";
import { rooflineMarkup, rooflineOf, rooflinePlot } from "./roofline.js";

export interface Figures {
  /** In the order of their places: what `drawPlots` takes. */
  readonly plots: readonly Plot[];
  /** Empty where no row counts both operations and bytes. */
  readonly roof: readonly Section[];
  readonly growth: Section;
  /** Empty where no row has counts that are drawn. */
  readonly curves: readonly Section[];
}

export function figuresOf(rows: readonly Row[]): Figures {
  const powers = plotsOf(rows);
  const roofline = rooflineOf(rows);
  const curves = curvesOf(rows);
  const none: Markup = html`<p>No three rows differ in one size alone.</p>`;
  return {
    plots: [...powers, ...curves, ...(roofline === null ? [] : [rooflinePlot(roofline)])],
    roof:
      roofline === null
        ? []
        : [
            {
              heading: "Under the roof",
              introduction: html`Rows that count both operations and bytes, under the line that the ceilings of this run
make.`,
              body: rooflineMarkup(roofline, powers.length + curves.length),
            },
          ],
    growth: {
      heading: "How it grows",
      introduction: html`Rows that differ in one size alone, both axes logarithmic. The dashed line is the power that
fits best: an exponent of 1 is linear, below 1 the size still fills the device.`,
      body: powers.length === 0 ? none : plotPlaces(powers),
    },
    curves:
      curves.length === 0
        ? []
        : [
            {
              heading: "Against their parameters",
              introduction: html`Counted figures of rows that differ in one parameter alone, both axes logarithmic;
lines join what was measured.`,
              body: plotPlaces(curves, powers.length),
            },
          ],
  };
}
