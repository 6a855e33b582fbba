// Draws the plots of a report: runs in the browser, after uPlot's own script.
{
  /** @type {typeof import("uplot").default | undefined} uPlot refuses a browser without a proper language */
  const Plot = /** @type {any} */ (globalThis).uPlot;
  const height = 270;
  const colours = ["first", "third", "second"];

  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /** @param {number} value */
  const three = (value) => String(Number(value.toPrecision(3)));
  /** @param {number} value */
  const milliseconds = (value) =>
    value >= 1000 ? `${three(value / 1000)} s` : value >= 1 ? `${three(value)} ms` : `${three(value * 1000)} µs`;
  /** @param {number} value */
  const bytes = (value) =>
    value >= 1e6 ? `${three(value / 1e6)} MB` : value >= 1e3 ? `${three(value / 1e3)} kB` : `${three(value)} B`;

  /** A whole power of ten on each side leaves thin data in a corner: the range is the data's own, with some air.
   * @param {number | null} least @param {number | null} most @returns {[number, number]} */
  const range = (least, most) => [(least ?? 1) / 1.35, (most ?? 10) * 1.35];

  /** uPlot counts up from the end of an axis, wherever that is: here are whole multiples of powers of ten.
   * @param {number} least @param {number} most */
  const ticks = (least, most) => {
    const all = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++) {
      for (let digit = 1; digit < 10; digit++) all.push(Number((digit * 10 ** power).toPrecision(1)));
    }
    return all.filter((value) => value >= least && value <= most);
  };

  /**
   * Writes the words beside the points of the first series.
   * @param {import("./plots.js").Plot} plot @param {import("uplot").default} drawn
   */
  const nameOf = ({ labels = [], x, series: [first] }, drawn) => {
    const { ctx } = drawn;
    const scale = devicePixelRatio;
    ctx.save();
    ctx.font = `${12 * scale}px system-ui, sans-serif`;
    ctx.fillStyle = colour("ink");
    /** @type {{ left: number, top: number, side: number }[]} */
    const written = [];
    for (const [i, label] of labels.entries()) {
      const value = first?.values[i];
      if (label === "" || value == null) continue;
      const [left, top] = [drawn.valToPos(x[i] ?? 1, "x", true), drawn.valToPos(value, "y", true)];
      // Of points that lie close together each second one has its words on the other side.
      const near = written.find((one) => Math.hypot(one.left - left, one.top - top) < 16 * scale);
      const side = near === undefined ? 1 : -near.side;
      written.unshift({ left, top, side });
      ctx.textAlign = side > 0 ? "left" : "right";
      ctx.fillText(label, left + side * 8 * scale, top + 4 * scale);
    }
    ctx.restore();
  };

  /**
   * @param {import("./plots.js").Plot} plot
   * @param {HTMLElement} place
   * @param {typeof import("uplot").default} Plot
   */
  const draw = (plot, place, Plot) => {
    const show = { B: bytes, ms: milliseconds, "GFLOP/s": three, "": three }[plot.unit];
    const font = "12px system-ui, sans-serif";
    const axis = {
      stroke: colour("faint"),
      font,
      grid: { stroke: colour("rule"), width: 1 },
      ticks: { show: false },
    };
    const values = plot.series.flatMap((one) => [...one.values, ...one.fit].filter((value) => value !== null));
    const decades = Math.log10(Math.max(...values) / Math.min(...values));
    // Of a short range every second tick of a decade is named, of a long one the powers of ten alone.
    const named = decades > 1.6 ? [1] : decades > 0.9 ? [1, 3] : [1, 2, 3, 4, 5, 6, 8];
    /** @param {number} value */
    const isNamed = (value) => {
      const digits = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
      return named.some((digit) => Math.abs(digits - digit) < 1e-6);
    };
    // Sizes that lie close together share a name: the first one's.
    const span = Math.log(Math.max(...plot.x) / Math.min(...plot.x));
    const apart = (46 / Math.max(place.clientWidth - 80, 1)) * span;
    let previous = 0;
    const labelled = new Set(
      plot.x.filter((size) => {
        if (previous > 0 && Math.log(size / previous) < apart) return false;
        previous = size;
        return true;
      }),
    );
    /** @type {import("uplot").default.Series[]} */
    const series = plot.series.flatMap((one, index) => {
      const stroke = colour(colours[index % colours.length] ?? "ink");
      /** @param {unknown} _plot @param {number | null} value */
      const value = (_plot, value) => (value === null ? "" : show(value));
      return [
        { label: one.name, stroke, width: 0, paths: () => null, value, points: { show: true, size: 8, fill: stroke } },
        { label: plot.line ?? "fit", stroke, width: 1.5, dash: plot.isJoined ? [] : [5, 4], points: { show: false }, value },
      ];
    });
    place.replaceChildren();
    return new Plot(
      {
        width: place.clientWidth,
        height,
        padding: [12, 16, 0, 0],
        cursor: { y: false, points: { size: 10 } },
        hooks: { draw: [(drawn) => nameOf(plot, drawn)] },
        legend: { markers: { width: 0, fill: (_plot, index) => colour(colours[((index - 1) >> 1) % 3] ?? "ink") } },
        scales: {
          x: { time: false, distr: 3, range: (_plot, least, most) => range(least, most) },
          y: { distr: 3, range: (_plot, least, most) => range(least, most) },
        },
        axes: [
          {
            ...axis,
            size: 26,
            label: plot.xLabel,
            labelSize: 16,
            labelFont: font,
            // The sizes that were measured, and no others.
            splits: () => [...plot.x],
            filter: (_plot, splits) => splits,
            values: (_plot, splits) => splits.map((value) => (labelled.has(value) ? three(value) : "")),
          },
          {
            ...axis,
            size: 62,
            splits: (_plot, _axis, least, most) => ticks(least, most),
            filter: (_plot, splits) => splits.map((value) => (isNamed(value) ? value : null)),
            values: (_plot, splits) => splits.map((value) => (value === null ? "" : show(value))),
          },
        ],
        series: [{ label: plot.xLabel, value: (_plot, value) => (value === null ? "" : three(value)) }, ...series],
      },
      [[...plot.x], ...plot.series.flatMap((one) => [[...one.values], [...one.fit]])],
      place,
    );
  };

  /** @type {{ plot: import("uplot").default, place: HTMLElement }[]} */
  let drawn = [];
  /** @type {readonly import("./plots.js").Plot[]} */
  let plots = [];
  const drawAll = () => {
    for (const { plot } of drawn) plot.destroy();
    drawn = plots.flatMap((plot, index) => {
      const place = document.querySelector(`[data-plot="${index}"]`);
      return place instanceof HTMLElement && Plot !== undefined ? [{ plot: draw(plot, place, Plot), place }] : [];
    });
  };
  /** @param {typeof plots} shown */
  const drawPlots = (shown) => {
    plots = shown;
    drawAll();
  };
  Object.assign(globalThis, { drawPlots });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("resize", () => {
    for (const { plot, place } of drawn) plot.setSize({ width: place.clientWidth, height });
  });
  const content = document.getElementById("report-data")?.textContent;
  if (content) drawPlots(JSON.parse(content).plots ?? []);
}
