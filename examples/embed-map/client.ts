/**
 * A WebGPU app that learns while it draws: its own device, its own render loop, one queue. The library works on the
 * app's buffers, and the app draws from the library's; nothing is copied, nothing is read back.
 */

import type { Engine } from "webgpu-imle";
import { Camera } from "./camera.js";
import { cells, type Landscape, makeLandscape, side } from "./landscape.js";
import { Learner, type Seen } from "./learner.js";
import { type BufferRange, Renderer, type Scene } from "./renderer.js";
import { extend } from "./stroke.js";

/** Strokes that are learnt from: the latest ones. */
const capacity = 8;
const shortestStroke = 4;
/**
 * Milliseconds that a frame in which is learnt may take: as many pieces of a step go into one as the device does in this
 * time. Where that is less than one piece, learning waits until the hands have rested for some time.
 */
const learningTime = 12;
const mostPieces = 4;
const handsRest = 300;

/** What the page's own console may look into, and what tests ask. */
export interface EmbeddedMap {
  readonly engine: Engine;
  readonly landscape: Landscape;
  /** Steps learnt and frames drawn. */
  readonly counts: { readonly steps: number; readonly frames: number };
  /** Cells of the strokes that are learnt from. */
  readonly strokes: readonly (readonly number[])[];
  readonly seen: () => Seen;
  /** Where the middle of a cell is on the page, in CSS pixels. */
  readonly placeOf: (cell: number) => readonly [x: number, y: number];
}

function element<Wanted extends Element = HTMLElement>(id: string): Wanted {
  return document.getElementById(id) as unknown as Wanted;
}

const say = (text: string): void => void (element("status").textContent = text);

/** The app's own device, with WebGPU's default limits. */
async function ownDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("this browser gives no WebGPU adapter: use Chrome, Edge, Firefox or Safari with WebGPU");
  return await adapter.requestDevice({ label: "the app's own" });
}

/** A storage buffer of the app. */
function ownBuffer(device: GPUDevice, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | number): GPUBuffer {
  const size = typeof data === "number" ? data : data.byteLength;
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  if (typeof data !== "number") device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

const whole = (buffer: GPUBuffer): BufferRange => ({ buffer, offset: 0, size: buffer.size });

export default async function main(): Promise<void> {
  const device = await ownDevice();
  const canvas = element<HTMLCanvasElement>("land");
  const landscape = makeLandscape(Number(new URLSearchParams(location.search).get("seed") ?? 5));
  const heights = ownBuffer(device, landscape.heights);
  const kinds = ownBuffer(device, landscape.kinds);
  const buffers = {
    features: ownBuffer(device, landscape.features),
    // One row more than can be learnt from: the stroke under the pointer.
    strokes: ownBuffer(device, 4 * (capacity + 1) * cells),
    starts: ownBuffer(device, 8 * capacity),
    goals: ownBuffer(device, 8 * capacity),
  };
  const camera = new Camera();
  const renderer = new Renderer(device, canvas, navigator.gpu.getPreferredCanvasFormat());
  const learner = new Learner(device, buffers);
  await learner.prepare();
  const counts = { steps: 0, frames: 0 };
  let strokes: number[][] = [];
  /** The stroke under the pointer; null when none is drawn. */
  let current: number[] | null = null;
  let seen = learner.look(0);
  let changed = true;
  /** Whether what is seen is that of other strokes or costs. */
  let outdated = false;
  let touched = -Infinity;
  /** The step that is being learnt; null between two. */
  let lesson: Generator<undefined, Seen> | null = null;
  const dropLesson = (): void => {
    lesson?.return(seen);
    lesson = null;
  };
  const touch = (): void => {
    changed = true;
    touched = performance.now();
  };

  const aspect = (): number => canvas.width / canvas.height;
  const drawRow = (row: number, path: readonly number[]): void => {
    const marks = new Float32Array(cells);
    for (const cell of path) marks[cell] = 1;
    device.queue.writeBuffer(buffers.strokes, 4 * row * cells, marks);
    changed = true;
  };
  const place = (cell: number): readonly number[] => [Math.floor(cell / side), cell % side];
  const giveStrokes = (): void => {
    strokes.forEach((path, row) => drawRow(row, path));
    const ends = (index: number): Int32Array<ArrayBuffer> =>
      Int32Array.from(strokes.flatMap((path) => place(path.at(index)!)));
    device.queue.writeBuffer(buffers.starts, 0, ends(0));
    device.queue.writeBuffer(buffers.goals, 0, ends(-1));
    outdated = changed = true;
    dropLesson();
  };

  listen(canvas, camera, {
    cellAt: (x, y) => camera.cellAt(landscape, x, y, aspect()),
    moved: touch,
    drawn: (path) => {
      touch();
      drawRow(capacity, (current = path));
    },
    ended: () => {
      if (current !== null && current.length >= shortestStroke) {
        strokes = [...strokes, current].slice(-capacity);
        giveStrokes();
      }
      current = null;
      changed = true;
    },
  });
  element("clear").addEventListener("click", () => {
    strokes = [];
    changed = true;
    dropLesson();
  });
  for (const box of document.querySelectorAll("input")) box.addEventListener("change", () => (changed = true));

  // Learning goes on some pieces a frame. Where the device is slow it waits for it after each, and while the person
  // draws or turns.
  let waiting = 0;
  let pieces = 1;
  let isSlow = true;
  let isLost = false;
  void device.lost.then(({ message }) => {
    isLost = true;
    say(`The graphics device is gone: reload the page. ${message}`);
  });
  const learns = (): boolean => element<HTMLInputElement>("learn").checked && strokes.length > 0;
  const mayLearn = (): boolean => !isSlow || (waiting === 0 && performance.now() - touched > handsRest);
  /** Records the next pieces; whether a step is whole, and there is something new to be seen. */
  const learn = (): boolean => {
    for (let i = 0; i < pieces; i++) {
      lesson ??= learner.lesson(strokes.length);
      const { done, value } = lesson.next();
      if (!done) continue;
      seen = value;
      lesson = null;
      counts.steps++;
      return true;
    }
    return false;
  };
  /** From how long the device took, how many pieces the next frame may have. */
  const adapt = (time: number): void => {
    isSlow = pieces === 1 && time > learningTime;
    if (time > learningTime) pieces = Math.max(1, pieces >> 1);
    else if (time < learningTime / 2) pieces = Math.min(mostPieces, 2 * pieces);
  };
  const draw = (encoder: GPUCommandEncoder): void => {
    const scene: Scene = {
      heights: whole(heights),
      kinds: whole(kinds),
      strokes: whole(buffers.strokes),
      costs: seen.costs.gpu,
      path: seen.path.gpu,
      marginals: seen.marginals.gpu,
    };
    renderer.draw(encoder, scene, {
      matrix: camera.matrix(aspect()),
      costsShown: element<HTMLInputElement>("costs").checked,
      stroke: current !== null ? capacity : strokes.length > 0 ? strokes.length - 1 : null,
      hasPath: strokes.length > 0 && current === null,
    });
    counts.frames++;
  };
  const frame = (): void => {
    if (isLost) return;
    requestAnimationFrame(frame);
    if (waiting >= 2) return; // frames that wait for the device
    if (fit(canvas)) changed = true;
    const isLearning = learns() && mayLearn();
    if (!changed && !isLearning) return;
    const encoder = device.createCommandEncoder();
    // The library's work and the app's drawing, in one encoder and one submission.
    learner.engine.record(encoder, () => {
      if (isLearning && learn()) changed = true;
      // A frame in which only the camera moves draws what is there.
      if (outdated && strokes.length > 0) seen = learner.look(strokes.length - 1);
    });
    if (changed) draw(encoder);
    changed = outdated = false;
    device.queue.submit([encoder.finish()]);
    learner.engine.submitted();
    waiting++;
    const submitted = performance.now();
    void device.queue.onSubmittedWorkDone().then(() => {
      waiting--;
      if (isLearning) adapt(performance.now() - submitted);
    });
    say(current !== null ? "Let go, and it is learnt from." : statusText(strokes.length, learns()));
    element("counts").textContent = `Steps learnt: ${counts.steps}. Readbacks: ${learner.engine.stats().readbacks}.`;
  };
  requestAnimationFrame(frame);

  const embedded: EmbeddedMap = {
    engine: learner.engine,
    landscape,
    counts,
    get strokes() {
      return strokes;
    },
    seen: () => seen,
    placeOf: (cell) => {
      const [x, y] = camera.placeOf(landscape, cell, aspect());
      const { left, top, width, height } = canvas.getBoundingClientRect();
      return [left + ((x + 1) / 2) * width, top + ((1 - y) / 2) * height];
    },
  };
  Object.assign(globalThis, { embeddedMap: embedded });
}

function statusText(strokes: number, learning: boolean): string {
  if (strokes === 0) return "Press and drag a path across the land.";
  const paths = strokes === 1 ? "one path" : `the last ${strokes} paths`;
  return learning ? `Learning from ${paths}. Draw another.` : `Knows ${paths}. Learning rests.`;
}

/** Gives the canvas the pixels that it has on the page; whether they have changed. */
function fit(canvas: HTMLCanvasElement): boolean {
  const scale = Math.min(devicePixelRatio, 2);
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (width === 0 || (canvas.width === width && canvas.height === height)) return false;
  [canvas.width, canvas.height] = [width, height];
  return true;
}

interface Listeners {
  /** @param x, y  on the canvas, from −1 to 1, y upwards */
  cellAt(x: number, y: number): number | null;
  moved(): void;
  drawn(path: number[]): void;
  ended(): void;
}

/** Draws with the main button or one finger; turns with another button, Shift, two fingers or arrows; zooms by wheel. */
function listen(canvas: HTMLCanvasElement, camera: Camera, { cellAt, moved, drawn, ended }: Listeners): void {
  const fingers = new Map<number, PointerEvent>();
  let path: number[] | null = null;
  const under = ({ offsetX, offsetY }: PointerEvent): number | null =>
    cellAt((2 * offsetX) / canvas.clientWidth - 1, 1 - (2 * offsetY) / canvas.clientHeight);
  const turn = (across: number, down: number): void => {
    camera.turn(-0.006 * across, 0.006 * down);
    moved();
  };
  const endStroke = (): void => {
    if (path !== null) ended();
    path = null;
  };

  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    const cell = event.button === 0 && !event.shiftKey && fingers.size === 1 ? under(event) : null;
    if (cell !== null) drawn((path = [cell]));
    else if (fingers.size > 1) endStroke();
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    fingers.set(event.pointerId, event);
    if (path !== null) {
      const cell = under(event);
      if (cell !== null) drawn((path = extend(path, cell)));
    } else turn((event.clientX - before.clientX) / fingers.size, (event.clientY - before.clientY) / fingers.size);
  });
  for (const name of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      endStroke();
    });
  }
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      camera.zoom(Math.exp(0.001 * event.deltaY));
      moved();
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", ({ key }) => {
    const turns: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-20, 0],
      ArrowRight: [20, 0],
      ArrowUp: [0, 20],
      ArrowDown: [0, -20],
    };
    const by = turns[key];
    if (by) turn(...by);
  });
}
