// Draws the digits of the page: runs in the browser.
{
  const side = 28;
  const patch = 4;
  const patches = side / patch;

  /**
   * @typedef {{ pixels: string, patches: number[] }} Tile
   * @typedef {{ pixels: string, shares: number[] }} ClassMap
   * @typedef {readonly [red: number, green: number, blue: number]} Colour
   */
  /** @type {{ tiles?: Tile[], maps?: ClassMap[] }} */
  const { tiles = [], maps = [] } = JSON.parse(document.getElementById("report-data")?.textContent ?? "{}");

  /** @param {string} name @returns {Colour} */
  const colour = (name) => {
    const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const digits = Number.parseInt(text.slice(1), 16);
    return [digits >> 16, (digits >> 8) & 255, digits & 255];
  };

  /** @param {Colour} from @param {Colour} to @param {number} share @returns {Colour} */
  const mixed = (from, to, share) => {
    const mix = (/** @type {0 | 1 | 2} */ i) => from[i] + (to[i] - from[i]) * share;
    return [mix(0), mix(1), mix(2)];
  };

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} scale  device pixels a pixel of the digit
   * @param {string} pixels  784 bytes in base64
   * @param {(ink: number, place: number) => Colour} shade  the colour of a pixel, by its ink in [0, 1] and its patch
   */
  const paint = (canvas, scale, pixels, shade) => {
    const bytes = atob(pixels);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    canvas.width = canvas.height = side * scale;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const place = Math.floor(y / patch) * patches + Math.floor(x / patch);
        const [red, green, blue] = shade(bytes.charCodeAt(y * side + x) / 255, place);
        context.fillStyle = `rgb(${red} ${green} ${blue})`;
        context.fillRect(x * scale, y * scale, scale, scale);
      }
    }
    return context;
  };

  /** The outline of the chosen patches; neighbours share one frame. @param {Tile} tile */
  const frame = (/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ scale, tile) => {
    const chosen = new Set(tile.patches);
    const size = patch * scale;
    context.lineWidth = scale * 0.75;
    context.lineCap = "square";
    context.beginPath();
    for (const place of chosen) {
      const column = place % patches;
      const row = Math.floor(place / patches);
      const [left, top] = [column * size, row * size];
      const [right, bottom] = [left + size, top + size];
      /** @param {boolean} inside @param {number} other @param {[number, number, number, number]} line */
      const edge = (inside, other, [x0, y0, x1, y1]) => {
        if (inside && chosen.has(other)) return;
        context.moveTo(x0, y0);
        context.lineTo(x1, y1);
      };
      edge(row > 0, place - patches, [left, top, right, top]);
      edge(row < patches - 1, place + patches, [left, bottom, right, bottom]);
      edge(column > 0, place - 1, [left, top, left, bottom]);
      edge(column < patches - 1, place + 1, [right, top, right, bottom]);
    }
    context.stroke();
  };

  const drawAll = () => {
    const [card, ink, first, soft] = [colour("card"), colour("ink"), colour("first"), colour("first-soft")];
    const scale = 8;
    for (const [index, tile] of tiles.entries()) {
      const canvas = document.querySelector(`[data-tile="${index}"]`);
      if (!(canvas instanceof HTMLCanvasElement)) continue;
      const chosen = new Set(tile.patches);
      const context = paint(canvas, scale, tile.pixels, (amount, place) =>
        chosen.has(place) ? mixed(soft, ink, amount) : mixed(card, ink, 0.2 * amount),
      );
      context.strokeStyle = `rgb(${first.join(" ")})`;
      frame(context, scale, tile);
    }
    for (const [label, map] of maps.entries()) {
      const canvas = document.querySelector(`[data-map="${label}"]`);
      if (!(canvas instanceof HTMLCanvasElement)) continue;
      const most = Math.max(...map.shares);
      paint(canvas, scale, map.pixels, (amount, place) => {
        const heat = most > 0 ? Math.sqrt((map.shares[place] ?? 0) / most) : 0;
        return mixed(mixed(card, first, 0.85 * heat), ink, 0.55 * amount);
      });
    }
  };
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}
