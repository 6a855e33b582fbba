/// <reference lib="esnext.disposable" preserve="true" />
import type { BufferPool, Storage } from "../buffers.js";
import type { Slice } from "../commands.js";
import type { Engine } from "../engine.js";
import { formatShape, formatValue, ImleError, must } from "../error.js";
import { isTensor, requireFlag, requireOptions } from "../ops/arguments.js";
import type { PipelineCache } from "../pipelines.js";
import { disposeSymbol, mapTensors } from "../scope.js";
import { sameShape } from "../shape.js";
import { Tensor } from "../tensor.js";
import { fuseChains } from "./fuse.js";
import { placeStorages } from "./placement.js";
import { Program } from "./program.js";
import { Recorder } from "./recorder.js";

/** Options of {@link Engine.capture}. */
export interface CaptureOptions {
  /**
   * Whether chains of elementwise operations become one kernel where nothing else reads what lies between. By default
   * true. An adapter may then contract a·b + c into one rounding; with false the results are those of the plain step to
   * the bit on every adapter.
   */
  readonly fuse?: boolean;
}

/** A step whose commands are recorded once and then replayed; see {@link Engine.capture}. */
export interface CapturedStep<Arguments extends readonly Tensor[], Result> {
  (...inputs: Arguments): Result;
  /** Dispatches of a replay; 0 before the step has been recorded. */
  readonly dispatches: number;
  /** Frees what the step holds; results and gradients stay until they are disposed. Safe to call twice. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What a capture needs of the inside of its engine. */
export interface CaptureHost {
  readonly engine: Engine;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  /** Runs `f` while the recorder takes all work. */
  record<T>(recorder: Recorder, f: () => T): T;
  release(storage: Storage): void;
}

/** A recorded step and all that it holds. */
interface Recorded {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
  readonly recorder: Recorder;
  /** The storages of which the step holds a reference. */
  readonly held: readonly Storage[];
  /** Makes new handles on what the step returned. */
  readonly results: () => unknown;
  /** Leaves whose gradient the step looked at, or dropped. */
  readonly gradients: readonly {
    readonly leaf: Tensor;
    readonly before: Storage | null | undefined;
    readonly after: Storage | null;
  }[];
}

/** See {@link Engine.capture}. */
export function capture<Arguments extends readonly Tensor[], Result>(
  host: CaptureHost,
  step: (...inputs: Arguments) => Result,
  options: CaptureOptions,
): CapturedStep<Arguments, Result> {
  must(
    typeof step === "function",
    "value",
    () => `capture: the first argument must be a function, got ${formatValue(step)}`,
    "Pass the training step: engine.capture((x, y) => { … }).",
  );
  requireOptions("capture", options, ["fuse"]);
  const { fuse = true } = options;
  requireFlag("capture", "fuse", fuse);
  const { engine } = host;
  let recorded: Recorded | null = null;
  let isWarm = false;
  let isDisposed = false;

  const call = (...inputs: Arguments): Result => {
    engine.recorder?.refuse("captured step", "call no other one", "Call the one step, and then the other.");
    must(!isDisposed, "disposed", () => "capture: the step must be alive, got a disposed one", "Capture it again.");
    checkInputs(engine, inputs, recorded);
    if (!isWarm) {
      // Whatever is made at its first use (tables, states, streams) is then there, and is no part of the recording.
      const result = engine.scope(() => step(...inputs));
      isWarm = true;
      return result;
    }
    if (recorded) checkGradients(recorded);
    else recorded = record(host, step, inputs, fuse);
    replay(engine, recorded, inputs);
    return recorded.results() as Result;
  };
  const dispose = (): void => {
    isDisposed = true;
    if (recorded) free(host, recorded);
    recorded = null;
  };
  Object.defineProperty(call, "dispatches", { get: () => recorded?.program.dispatches ?? 0 });
  return Object.assign(call, { dispose, [disposeSymbol]: dispose }) as CapturedStep<Arguments, Result>;
}

function checkInputs(engine: Engine, inputs: readonly Tensor[], recorded: Recorded | null): void {
  const operation = "captured step";
  inputs.forEach((input, index) => {
    must(
      isTensor(input),
      "value",
      () => `${operation}: argument ${index} must be a tensor, got ${formatValue(input)}`,
      "Numbers and options are fixed when the step is recorded: put what changes into a tensor.",
    );
    input.slice(operation);
    must(
      !input.requiresGrad,
      "value",
      () => `${operation}: argument ${index} must not require a gradient, got one that does`,
      "Use parameters inside the step as they are; arguments are copied in.",
    );
  });
  engine.check(operation, inputs);
  if (!recorded) return;
  const expected = recorded.inputs;
  must(
    inputs.length === expected.length,
    "value",
    () => `${operation}: the step must get ${expected.length} arguments as when it was recorded, got ${inputs.length}`,
    "Pass the same arguments at every call.",
  );
  inputs.forEach(({ shape, dtype }, index) => {
    const wanted = expected[index]!;
    must(
      sameShape(shape, wanted.shape) && dtype === wanted.dtype,
      "shape",
      () =>
        `${operation}: argument ${index} must be ${wanted.dtype} ${formatShape(wanted.shape)} as when it was recorded, got ${dtype} ${formatShape(shape)}`,
      "Capture a step for each shape, or run the odd batch plainly.",
    );
  });
}

function record<Arguments extends readonly Tensor[], Result>(
  host: CaptureHost,
  step: (...inputs: Arguments) => Result,
  given: Arguments,
  fuse: boolean,
): Recorded {
  const { engine, pool } = host;
  const recorder = new Recorder();
  const inputs = given.map(({ shape, dtype }) => engine.output("capture", shape, dtype).keep());
  const kept: Storage[] = [];
  const owned: Storage[] = [];
  try {
    const results = host.record(recorder, () =>
      engine.scope(() => {
        const result = step(...(inputs as unknown as Arguments));
        must(
          !(result instanceof Promise),
          "value",
          () => "capture: the step must be synchronous, got one that returns a promise",
          "Await between the steps; nothing can be read back inside one.",
        );
        recorder.check();
        return keepResults(engine, result, kept);
      }),
    );
    const gradients = [...recorder.gradients].map(([leaf, { before }]) => ({
      leaf,
      before,
      after: leaf.isDisposed ? null : leaf.gradientStorage,
    }));
    const commands = fuse ? fuseChains(engine, recorder) : recorder.entries;
    const entries = placeStorages(commands, recorder, pool, owned);
    const program = new Program(host, entries, owned);
    return { program, inputs, recorder, held: [...recorder.held, ...owned, ...kept], results, gradients };
  } catch (error) {
    for (const leaf of recorder.gradients.keys()) {
      if (leaf.gradientStorage?.isPlaced === false) leaf.grad = null; // what was to be there was never computed
    }
    for (const storage of [...recorder.held, ...kept, ...owned]) host.release(storage);
    for (const input of inputs) input.dispose();
    throw error;
  }
}

/** Holds the storages of the tensors in a step's result; returns what makes new handles on them. */
function keepResults(engine: Engine, result: unknown, kept: Storage[]): () => unknown {
  const template = mapTensors(result, (tensor) => {
    const { storage } = tensor.slice("capture");
    storage.references++;
    kept.push(storage);
    const { shape, dtype, label } = tensor;
    return { make: () => handleOn(engine, storage, shape, dtype, label) };
  });
  return () => template((leaf) => leaf.make());
}

function handleOn(
  engine: Engine,
  storage: Storage,
  shape: readonly number[],
  dtype: Tensor["dtype"],
  label: string,
): Tensor {
  storage.references++;
  return new Tensor(engine, storage, shape, dtype, false, label);
}

function checkGradients({ gradients }: Recorded): void {
  for (const { leaf, before } of gradients) {
    if (before === undefined || leaf.isDisposed || leaf.gradientStorage === before) continue;
    throw new ImleError(
      "engine",
      `captured step: the gradient of ${leaf.label} must be ${before ? "the one that was there" : "null, as it was"} when the step was recorded, got another`,
      "Call zeroGrad inside the step, before backward; or capture backward and the optimiser's step together.",
    );
  }
}

function replay(engine: Engine, { program, inputs, recorder, gradients }: Recorded, given: readonly Tensor[]): void {
  const copies: [Slice, Slice][] = [];
  given.forEach((tensor, index) => {
    const source = tensor.slice("captured step");
    const target = inputs[index]!.slice("captured step");
    if (source.storage !== target.storage && source.bytes > 0) copies.push([source, target]);
  });
  engine.requireReplay(program); // before the streams of random numbers move on
  for (const draw of recorder.draws) engine.random.advance(draw);
  engine.replay(program, copies);
  for (const { leaf, after } of gradients) {
    if (leaf.isDisposed || leaf.gradientStorage === after) continue;
    leaf.grad = after && handleOn(engine, after, leaf.shape, "f32", "gradient");
  }
}

function free(host: CaptureHost, { inputs, held }: Recorded): void {
  for (const storage of held) host.release(storage);
  for (const input of inputs) input.dispose();
}
