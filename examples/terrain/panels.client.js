// Draws the maps and fields of the page: runs in the browser.
{
  /** @typedef {readonly [red: number, green: number, blue: number]} Colour */
  /** @type {import("./panels.js").PanelData & { side: number }} */
  const { side, pictures, maps, fields } = JSON.parse(document.getElementById("report-data")?.textContent ?? "{}");

  const tilePixels = 8;
  const scale = 5;
  const cellSize = tilePixels * scale;
  const highestCost = 10;

  /** @param {string} name @returns {Colour} */
  const colour = (name) => {
    const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const digits = Number.parseInt(text.slice(1), 16);
    return [digits >> 16, (digits >> 8) & 255, digits & 255];
  };

  /** @param {Colour} from @param {Colour} to @param {number} share */
  const mixed = (from, to, share) => {
    const mix = (/** @type {0 | 1 | 2} */ i) => Math.round(from[i] + (to[i] - from[i]) * share);
    return `rgb(${mix(0)} ${mix(1)} ${mix(2)})`;
  };

  /** @param {string} selector @returns {[HTMLCanvasElement, CanvasRenderingContext2D] | null} */
  const prepared = (selector) => {
    const canvas = document.querySelector(selector);
    if (!(canvas instanceof HTMLCanvasElement)) return null;
    canvas.width = canvas.height = side * cellSize;
    return [canvas, /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))];
  };

  /** @param {string} text  pixels in base64, 3 bytes each */
  const pictureOf = (text) => {
    const bytes = atob(text);
    const length = side * tilePixels;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = length;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const image = context.createImageData(length, length);
    for (let i = 0; i < length * length; i++) {
      for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = bytes.charCodeAt(3 * i + channel);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    return canvas;
  };

  /**
   * The cells of a path in order, from the last to the first: the shortest walk over them.
   * @param {readonly number[]} cells
   */
  const ordered = (cells) => {
    const open = new Set(cells);
    const first = 0;
    /** @type {Map<number, number>} */
    const from = new Map();
    const queue = [first];
    open.delete(first);
    for (const cell of queue) {
      for (const next of [...open]) {
        const [dx, dy] = [(next % side) - (cell % side), Math.floor(next / side) - Math.floor(cell / side)];
        if (Math.abs(dx) > 1 || Math.abs(dy) > 1) continue;
        open.delete(next);
        from.set(next, cell);
        queue.push(next);
      }
    }
    const walk = [];
    for (let cell = /** @type {number | undefined} */ (side * side - 1); cell !== undefined; cell = from.get(cell)) {
      walk.push(cell);
    }
    return walk;
  };

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {readonly number[]} cells
   * @param {number} width
   * @param {string} style
   */
  const line = (context, cells, width, style) => {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    for (const cell of ordered(cells)) {
      context.lineTo(((cell % side) + 0.5) * cellSize, (Math.floor(cell / side) + 0.5) * cellSize);
    }
    context.stroke();
  };

  const images = pictures.map(pictureOf);
  const drawAll = () => {
    for (const [index, { picture, best, found }] of maps.entries()) {
      const [canvas, context] = prepared(`[data-map="${index}"]`) ?? [];
      if (canvas === undefined || context === undefined) continue;
      context.imageSmoothingEnabled = false;
      context.drawImage(images[picture], 0, 0, canvas.width, canvas.height);
      line(context, best, 19, "rgb(0 0 0 / 45%)");
      line(context, found, 13, "rgb(0 0 0 / 45%)");
      line(context, best, 14, "#fff");
      line(context, found, 7, "#f2580c");
    }
    const ramps = {
      cost: { from: colour("card"), to: colour("third"), most: highestCost },
      heat: { from: colour("card"), to: colour("first"), most: 1 },
    };
    for (const [index, { ramp, values }] of fields.entries()) {
      const [, context] = prepared(`[data-field="${index}"]`) ?? [];
      if (context === undefined) continue;
      const { from, to, most } = ramps[ramp];
      for (const [cell, value] of values.entries()) {
        context.fillStyle = mixed(from, to, Math.min(value / most, 1));
        context.fillRect((cell % side) * cellSize, Math.floor(cell / side) * cellSize, cellSize, cellSize);
      }
    }
  };
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}
