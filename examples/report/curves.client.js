// Draws the charts of the page: runs in the browser, after uPlot's own script.
{
  /** @type {typeof import("uplot").default | undefined} uPlot refuses a browser without a proper language */
  const Plot = /** @type {any} */ (globalThis).uPlot;
  const content = document.getElementById("report-data")?.textContent ?? "{}";
  /** @type {import("./curves.js").Chart[]} */
  const charts = JSON.parse(content).charts ?? [];

  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const height = 260;
  const percent = (/** @type {number} */ value) => `${(100 * value).toFixed(1)} %`;

  /**
   * @param {import("./curves.js").Chart} chart
   * @param {HTMLElement} place
   * @param {typeof import("uplot").default} Plot
   */
  const draw = (chart, place, Plot) => {
    const isPercent = chart.scale === "percent";
    const colours = ["ink", ...chart.series.map((entry) => entry.colour)];
    const font = "12px system-ui, sans-serif";
    const axis = {
      stroke: colour("faint"),
      font,
      grid: { stroke: colour("rule"), width: 1 },
      ticks: { show: false },
    };
    const series = chart.series.map((entry) => ({
      label: entry.name,
      stroke: colour(entry.colour),
      width: 2.25,
      points: { show: chart.x.length <= 30, size: 6, fill: colour("paper"), width: 2 },
      value: (/** @type {unknown} */ _plot, /** @type {number | null} */ value) =>
        value === null ? "" : isPercent ? percent(value) : value.toFixed(3),
    }));
    const last = chart.x.at(-1) ?? 0;
    const highest = Math.max(...chart.series.flatMap(({ band }) => band?.high ?? []));
    /** @param {import("uplot").default} plot */
    const drawBands = (plot) => {
      const { ctx } = plot;
      ctx.save();
      ctx.globalAlpha = 0.14;
      for (const { band, colour: name } of chart.series) {
        if (band === undefined) continue;
        ctx.fillStyle = colour(name);
        ctx.beginPath();
        const point = (/** @type {readonly number[]} */ bound, /** @type {number} */ i) =>
          ctx.lineTo(plot.valToPos(chart.x[i] ?? 0, "x", true), plot.valToPos(bound[i] ?? 0, "y", true));
        for (let i = 0; i < chart.x.length; i++) point(band.high, i);
        for (let i = chart.x.length - 1; i >= 0; i--) point(band.low, i);
        ctx.fill();
      }
      ctx.restore();
    };
    place.replaceChildren();
    return new Plot(
      {
        width: place.clientWidth,
        height,
        padding: [12, 12, 0, 0],
        hooks: { drawClear: [drawBands] },
        cursor: { y: false, points: { size: 9 } },
        legend: { markers: { width: 0, fill: (_plot, index) => colour(colours[index] ?? "ink") } },
        scales: {
          x: { time: false, range: () => [0, Math.max(1, last)] },
          y: { range: isPercent ? () => [0, 1] : (_plot, _least, most) => [0, (Math.max(most, highest) || 1) * 1.05] },
        },
        axes: [
          { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100], size: 26, label: chart.xLabel, labelSize: 16, labelFont: font },
          {
            ...axis,
            size: 46,
            values: (_plot, values) =>
              values.map((value) => (isPercent ? `${Math.round(100 * value)} %` : String(value))),
          },
        ],
        series: [{ label: chart.xLabel, value: (_plot, value) => (value === null ? "" : String(value)) }, ...series],
      },
      [[...chart.x], ...chart.series.map((entry) => [...entry.values])],
      place,
    );
  };

  /** @type {{ plot: import("uplot").default, place: HTMLElement }[]} */
  let drawn = [];
  const drawAll = () => {
    for (const { plot } of drawn) plot.destroy();
    drawn = charts.flatMap((chart, index) => {
      const place = document.querySelector(`[data-chart="${index}"]`);
      return place instanceof HTMLElement && Plot !== undefined ? [{ plot: draw(chart, place, Plot), place }] : [];
    });
  };
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("resize", () => {
    for (const { plot, place } of drawn) plot.setSize({ width: place.clientWidth, height });
  });
}
