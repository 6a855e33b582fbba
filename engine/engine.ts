import { capture, type CapturedStep, type CaptureOptions } from "./capture/capture.js";
import type { Recorder } from "./capture/recorder.js";
import { BufferPool, type MemoryReport, type Storage } from "./buffers.js";
import { Commands, type Dispatch, type Replayable, type Slice, type StatsReport, uploadFix } from "./commands.js";
import { flattenNested, isTypedArray, type NestedNumbers, typedArrayDtype } from "./data.js";
import { isSoftware, requestDevice } from "./device.js";
import { formatValue, must } from "./error.js";
import { denoInspect, nodeInspect } from "./inspect.js";
import { Faults } from "./faults.js";
import { storageIn } from "./host-buffers.js";
import { Kernel } from "./kernel.js";
import { Lifetime } from "./lifetime.js";
import type { Piece } from "./compose.js";
import {
  requireChoice,
  requireDtypeOption,
  requireFlag,
  requireLabel,
  requireOptions,
  requireShape,
  requireTensorOptions,
} from "./ops/arguments.js";
import { arange, fill, normal, uniform } from "./ops/create.js";
import { PipelineCache } from "./pipelines.js";
import { type RandomSnapshot, RandomState } from "./random.js";
import { type Scope, Scopes } from "./scope.js";
import { sizeOf } from "./shape.js";
import { Status } from "./status.js";
import { type DType, Tensor } from "./tensor.js";
import { checkTuning, measureTuning, runsInQuads, type Tuning, usualTuning } from "./tuning.js";

/** How a tensor is made. */
export interface TensorOptions {
  /** By default f32, or that of the Int32Array or Uint32Array given. */
  dtype?: DType;
  /** Whether backward adds a gradient here; f32 only. By default false. */
  requiresGrad?: boolean;
  /** Names it in errors. */
  label?: string;
  /**
   * GPUBufferUsage bits that the host needs beside STORAGE, COPY_SRC and COPY_DST, such as VERTEX; none to be mapped.
   */
  usage?: number;
}

/** How a host's buffer is wrapped. */
export interface WrapOptions {
  /** Bytes before the first element, a multiple of 256; 0 by default. */
  offset?: number;
  /** By default f32. */
  dtype?: DType;
  /** Whether backward adds a gradient here; f32 only. By default false. */
  requiresGrad?: boolean;
  /** Names it in errors. */
  label?: string;
}

/** What `engine.prepare` accepts beside solvers and layers: anything that knows its kernels. */
export interface Preparable {
  /** The kernels that a call with weights of these shapes would use. */
  kernelsFor(engine: Engine, shapes: readonly (readonly number[])[]): readonly Kernel[];
}

/**
 * A device, and everything that is on it: tensors, recorded work, compiled kernels, random streams.
 *
 * Work is recorded in the order of the calls and runs when something is read, at {@link flush}, or when enough has
 * gathered; nothing waits for the device but `read()`, `item()` and {@link idle}.
 */
export class Engine {
  /** Whether the adapter computes on the processor: kernels are then chosen that need no barriers. */
  readonly software: boolean;
  /** Tells whether it runs four lanes at a time, which may exchange values. */
  readonly runsQuads: boolean;
  /** @internal */
  readonly commands: Commands;
  /** @internal */
  readonly scopes = new Scopes();
  /**
   * Who draws which random numbers. Who writes an estimator gives it a stream of its own by `claimStream(operation)`
   * and takes the place of each call from `next(stream)`.
   */
  readonly random = new RandomState(() => this.recorder?.draws ?? null);
  /** @internal */
  readonly status: Status;
  private readonly pool: BufferPool;
  private readonly pipelines: PipelineCache;
  private readonly kernels = new Map<string, Kernel>();
  private readonly cached = new Map<object | string, Tensor>();
  private readonly faults = new Faults();
  private chosen: Tuning | null = null;
  private readonly lifetime: Lifetime;

  private constructor(
    /** The device in use; the host's own where the engine was made with {@link Engine.from}. */
    readonly device: GPUDevice,
    info: GPUAdapterInfo | undefined,
    private readonly ownsDevice: boolean,
    debug: boolean,
  ) {
    this.software = isSoftware(info);
    this.runsQuads = runsInQuads(device, info);
    const { faults } = this;
    this.pipelines = new PipelineCache(device, (verdict) => faults.watchCompilation(verdict));
    this.pool = new BufferPool(
      device,
      (bytes, verdict, refuse) => faults.watchAllocation(bytes, verdict, refuse),
      (storage) => this.pipelines.forget(storage),
      ({ lastUse, lastWrite }) => (faults.refusal(lastUse) ?? faults.refusal(lastWrite)) !== undefined,
    );
    this.commands = new Commands(
      device,
      this.pipelines,
      {
        onSubmit: (serial, label, verdict) => faults.watchSubmission(serial, label, verdict),
        onAllocation: (bytes, verdict) => faults.watchAllocation(bytes, verdict),
      },
      debug,
    );
    this.status = new Status(this.pool, this.commands);
    this.lifetime = new Lifetime(device);
  }

  /**
   * Asks for an adapter and a device, and makes an engine that owns the device.
   *
   * @param options.gpu defaults to `navigator.gpu`
   * @param options.powerPreference which of several adapters; `high-performance` by default
   * @param options.debug submits every dispatch by itself, so that a driver's error names its kernel; slow
   * @param options.tuning what {@link tune} found on this adapter
   * @throws ImleError `adapter` where there is no WebGPU, no adapter, or none that gives a device; `value` where an
   * option is unknown or none that it can be
   */
  static async create(
    options: { gpu?: GPU; powerPreference?: GPUPowerPreference; debug?: boolean; tuning?: Tuning } = {},
  ): Promise<Engine> {
    requireOptions("Engine.create", options, ["gpu", "powerPreference", "debug", "tuning"]);
    const { gpu = globalThis.navigator?.gpu, powerPreference = "high-performance", debug = false } = options;
    must(
      options.gpu === undefined || typeof options.gpu?.requestAdapter === "function",
      "value",
      () => `Engine.create: gpu must be what navigator.gpu is, got ${formatValue(options.gpu)}`,
      "Leave it out in browsers and Deno; in Node pass create([]) of the package webgpu.",
    );
    requireChoice("Engine.create", "powerPreference", powerPreference, ["high-performance", "low-power"]);
    requireFlag("Engine.create", "debug", debug);
    const tuning = options.tuning === undefined ? undefined : checkTuning(options.tuning);
    const { device, adapter } = await requestDevice(gpu, powerPreference);
    // Dawn in Node crashes when its GPU object is collected before its devices: this keeps it until the device is lost.
    void device.lost.then(() => gpu);
    const engine = new Engine(device, adapter.info, true, debug);
    if (tuning) engine.tuning = tuning;
    return engine;
  }

  /**
   * An engine on the host's device, which is used and never destroyed; see the guide `docs/embed.md`. WebGPU's default
   * limits are enough. A device may have several engines.
   *
   * @param options.debug submits every dispatch by itself, so that a driver's error names its kernel; slow
   * @param options.tuning what {@link tune} found on this adapter
   * @throws ImleError `engine` where it is no device, `value` where an option is unknown or none that it can be
   */
  static from(device: GPUDevice, options: { debug?: boolean; tuning?: Tuning } = {}): Engine {
    must(
      typeof device?.createComputePipeline === "function",
      "engine",
      () => `Engine.from: the argument must be a GPUDevice, got ${formatValue(device)}`,
      "Pass what adapter.requestDevice() resolved to.",
    );
    requireOptions("Engine.from", options, ["debug", "tuning"]);
    const { debug = false, tuning } = options;
    requireFlag("Engine.from", "debug", debug);
    const engine = new Engine(device, device.adapterInfo, false, debug);
    if (tuning !== undefined) engine.tuning = tuning;
    return engine;
  }

  /**
   * A tensor with these elements.
   *
   * @param data a number, nested arrays of numbers, or a typed array (Float64Array is rounded to f32); its shape is the
   * nesting, or `[length]`
   * @throws ImleError `shape` where rows are of unequal length; `value` where an element is no number, or none of an
   * integer dtype; `dtype` for typed arrays of other kinds without a dtype
   */
  tensor(data: NestedNumbers | ArrayBufferView, options?: TensorOptions): Tensor;
  /**
   * A tensor with these elements, in row-major order.
   *
   * @param data a typed array (Float64Array is rounded to f32) or an array of numbers
   * @param shape whose product is the number of elements
   * @throws ImleError as without a shape; `shape` where there are more or fewer elements
   */
  tensor(data: NestedNumbers | ArrayBufferView, shape: readonly number[], options?: TensorOptions): Tensor;
  tensor(
    data: NestedNumbers | ArrayBufferView,
    shapeOrOptions?: readonly number[] | TensorOptions,
    more?: TensorOptions,
  ): Tensor {
    this.assertUsable("tensor");
    const given = Array.isArray(shapeOrOptions) ? (shapeOrOptions as readonly number[]) : undefined;
    const { options = {} } = { options: given || shapeOrOptions === undefined ? more : (shapeOrOptions as TensorOptions) };
    requireTensorOptions("tensor", options);
    if (given) requireShape("tensor", given);
    const dtype = options.dtype ?? (isTypedArray(data) ? typedArrayDtype(data) : "f32");
    const { values, shape } = flattenNested("tensor", data, dtype, given);
    const tensor = this.allocate("tensor", shape, dtype, options, true);
    this.commands.upload(tensor.storage, values);
    return tensor;
  }

  /** All zeros, f32 unless the options say otherwise. */
  zeros(shape: readonly number[], options: TensorOptions = {}): Tensor {
    return this.full(shape, 0, options);
  }

  /** All ones, f32 unless the options say otherwise. */
  ones(shape: readonly number[], options: TensorOptions = {}): Tensor {
    return this.full(shape, 1, options);
  }

  /** All `value`, f32 unless the options say otherwise. @throws ImleError `value` where it is none of the dtype */
  full(shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
    return fill(this, shape, value, options);
  }

  /**
   * `[count]` numbers from `start` in steps of `step`; i32 by default where all are whole, else f32.
   *
   * @param options.start 0 by default
   * @param options.step 1 by default; it may be below 0
   * @throws ImleError `value` where `count` is no whole number from 0, or a number is none of the dtype
   */
  arange(count: number, options: TensorOptions & { start?: number; step?: number } = {}): Tensor {
    return arange(this, count, options);
  }

  /**
   * Uniform random numbers in (low, high), both excluded, f32, from the engine's own stream: 24 random bits each.
   *
   * @param options.low 0 by default
   * @param options.high 1 by default
   * @throws ImleError `value` unless low lies below high
   */
  uniform(shape: readonly number[], options: TensorOptions & { low?: number; high?: number } = {}): Tensor {
    return uniform(this, shape, options);
  }

  /**
   * Normal random numbers, f32, from the engine's own stream, by Box and Muller (1958).
   *
   * @param options.mean 0 by default
   * @param options.deviation the standard deviation, from 0; 1 by default
   * @throws ImleError `value` where it is below 0
   */
  normal(shape: readonly number[], options: TensorOptions & { mean?: number; deviation?: number } = {}): Tensor {
    return normal(this, shape, options);
  }

  /**
   * Sets the seed of all random numbers and starts every stream anew: the same seed, the same tensors.
   *
   * @param value a whole number from 0 to 2³² − 1; it is 0 before the first call
   * @throws ImleError `value` where it is none
   */
  seed(value: number): void {
    this.random.seed(value);
  }

  /**
   * Where the seed and all streams of random numbers stand. Kept (it is plain JSON) and assigned again, also to another
   * engine, the same random numbers come; replays count like plain steps.
   *
   * A stream is known by its number. Numbers are given out as `Dropout`s are made and as other layers are first called:
   * where that order may change, as with two models on one engine, give each layer a `stream` of its own.
   *
   * @throws ImleError `value` where what is assigned is none; nothing has changed then
   */
  get randomState(): RandomSnapshot {
    return this.random.snapshot();
  }

  set randomState(state: RandomSnapshot) {
    this.random.restore(state);
  }

  /**
   * A tensor on the host's buffer: no copy; never pooled or destroyed by the library. Several tensors may lie in one
   * buffer; each sees what is written to the others, and what the host's queue writes, in order.
   *
   * @param buffer of this device, with the usage STORAGE (COPY_SRC too where the tensor is read or copied, COPY_DST
   * where it is written); not mapped while work with it is submitted
   * @throws ImleError `buffer` where the usage, the size or the offset does not fit; `limit` where the shape is beyond
   * what the device binds. A buffer of another device, a destroyed or a mapped one is told later, as `buffer`
   */
  wrap(buffer: GPUBuffer, shape: readonly number[], options: WrapOptions = {}): Tensor {
    this.assertUsable("wrap");
    requireOptions("wrap", options, ["offset", "dtype", "requiresGrad", "label"]);
    const { offset = 0, dtype = "f32", requiresGrad = false, label = "wrapped" } = options;
    requireFlag("wrap", "requiresGrad", requiresGrad);
    requireLabel("wrap", label);
    requireShape("wrap", shape);
    requireDtypeOption("wrap", dtype, requiresGrad);
    this.pool.requireFit("wrap", 4 * sizeOf(shape));
    return new Tensor(this, storageIn(buffer, offset, shape), [...shape], dtype, requiresGrad, label);
  }

  /**
   * Runs `f`, then frees every tensor made inside, save those it returns (in arrays or plain objects too), which go to
   * the scope around it. What the tape still needs stays on the device.
   *
   * @param f synchronous
   * @throws ImleError `value` where it is no function, or returns a promise
   */
  scope<T>(f: () => T): T {
    return this.scopes.run(f);
  }

  /** A scope that ends with `using` or `close()`, for asynchronous code: tensors made meanwhile belong to it. */
  openScope(): Scope {
    return this.scopes.push();
  }

  /** Submits what has been recorded. A host calls it before a submission of its own that uses a tensor's buffer. */
  flush(): void {
    this.assertUsable("flush");
    this.commands.flush();
  }

  /**
   * A training step of fixed shapes, recorded once and then replayed: its kernels run without the tape, without new
   * buffers and with little JavaScript.
   *
   *     const step = engine.capture((x, y) => {
   *       optimiser.zeroGrad();
   *       const loss = crossEntropy(network.forward(x), y);
   *       loss.backward();
   *       optimiser.step();
   *       return loss;
   *     });
   *     for (const { x, y } of batches) engine.scope(() => step(x, y));
   *
   * The first call runs the function plainly, so that whatever is made at its first use is there; the second records
   * it; that one and all further ones replay. Every call returns new handles on the same results, which hold what the
   * latest replay has left; gradients too. Replays are submitted like other work, at a read, at {@link flush}, or when
   * enough has gathered, which for them is 64 dispatches.
   *
   * Arguments are copied in. Other tensors are used where they are, so that `write()` into one is seen by the next
   * replay. Noise, dropout, optimisers and running statistics advance as in plain steps, and plain steps may come
   * between. Everything else that JavaScript decides is fixed when the step is recorded: numbers, branches, shapes,
   * `train()` or `eval()`.
   *
   * What cannot be captured is refused, and told at the second call: readbacks, data from the host, tensors that are
   * kept beyond the step without being returned.
   *
   * @param step synchronous; its arguments are tensors that require no gradient
   * @throws ImleError `engine` for what cannot be captured; `shape` where arguments differ from those recorded
   */
  capture<Arguments extends readonly Tensor[], Result>(
    step: (...inputs: Arguments) => Result,
    options: CaptureOptions = {},
  ): CapturedStep<Arguments, Result> {
    this.assertUsable("capture");
    const { pool, pipelines } = this;
    return capture(
      {
        engine: this,
        pool,
        pipelines,
        record: (recorder, f) => this.recordWith(recorder, f),
        release: (storage) => this.releaseStorage(storage),
      },
      step,
      options,
    );
  }

  /**
   * Records what `f` does into the host's own command encoder, outside of passes: the host submits it, and then calls
   * {@link submitted}. Until then nothing else may be recorded or read, and nothing that is freed is used again.
   * Captured steps may be replayed inside. Several calls may share an encoder, or have one each.
   *
   * @param f synchronous; it may read nothing back, and write no tensor from the host that it also uses
   * @returns what `f` returns
   * @throws ImleError `engine` where that is broken; `value` where the encoder is none, or `f` returns a promise. One
   * that is finished is told later, as `buffer`; what else is wrong with an encoder, WebGPU tells the host
   */
  record<T>(encoder: GPUCommandEncoder, f: () => T): T {
    this.assertUsable("record");
    this.recorder?.refuse("record", "record into no encoder", "Replay the step inside engine.record instead.");
    must(
      typeof encoder?.beginComputePass === "function" && typeof f === "function",
      "value",
      () => `record: the arguments must be a GPUCommandEncoder and a function, got ${formatValue(encoder)} and ${formatValue(f)}`,
      "Pass device.createCommandEncoder() of this engine's device.",
    );
    must(
      !this.commands.isHosted,
      "engine",
      () => "record: one encoder must be finished before another is recorded into, got a call inside of another",
      "Call engine.record one after the other.",
    );
    this.pool.hold();
    return this.commands.hostedBy(encoder, () => {
      const result = f();
      must(
        !(result instanceof Promise),
        "value",
        () => "record: the function must be synchronous, got one that returns a promise",
        "Await before or after it.",
      );
      return result;
    });
  }

  /**
   * The host has submitted every encoder of {@link record}, or drops it: what was freed meanwhile may be used again,
   * and other work recorded. Without recorded work it does nothing.
   */
  submitted(): void {
    this.assertUsable("submitted");
    this.commands.submittedByHost();
    this.pool.resume(this.commands.serial);
  }

  /**
   * Resolves when everything recorded so far has run.
   *
   * @throws ImleError what the device and its driver have reported since the last read, of whatever code; `engine`
   * while recorded work waits for its host
   */
  async idle(): Promise<void> {
    this.assertUsable("idle");
    this.recorder?.refuse("idle", "wait for nothing", "Wait between the steps.");
    this.commands.flush();
    must(
      !this.commands.awaitsHost,
      "engine",
      () => "idle: the host must have submitted what engine.record has recorded, got work that is not",
      "Submit the encoder and call engine.submitted() first.",
    );
    await this.lifetime.untilEnded(this.device.queue.onSubmittedWorkDone());
    if (!this.status.inUse) return this.settle(undefined);
    const [bytes] = await this.lifetime.untilEnded(this.commands.read([this.status.slice()]));
    await this.settle(bytes);
  }

  /** Resolves with the reason when the device is lost; never rejects. */
  get lost(): Promise<GPUDeviceLostInfo> {
    return this.lifetime.lost;
  }

  /** What tensors hold on the device, in buffers and bytes. It never throws. */
  memory(): MemoryReport {
    return this.pool.report();
  }

  /** Lets the peaks of {@link memory} begin anew, at what there is now: before a step, to see what that step takes. */
  resetPeakMemory(): void {
    this.pool.resetPeaks();
  }

  /** Counts since the engine was made. It never throws. */
  stats(): StatsReport {
    return { ...this.commands.counts, pipelines: this.pipelines.compiledCount };
  }

  /**
   * Compiles ahead the kernels that calls with these shapes use.
   *
   * @param target a solver, a layer or a loss of one
   * @param shapes of weights, `[...batch, ...instance]` each
   * @param options.signal aborted: no further kernel is begun, and the promise rejects with the signal's reason
   * @throws ImleError `wgsl` with the author's own line, where one does not compile; what the solver throws where it
   * cannot take a shape
   */
  async prepare(
    target: Preparable,
    shapes: readonly (readonly number[])[],
    options: { signal?: AbortSignal } = {},
  ): Promise<void> {
    this.assertUsable("prepare");
    must(
      typeof target?.kernelsFor === "function",
      "value",
      () => `prepare: the first argument must be a solver, a layer or a loss, got ${formatValue(target)}`,
      "Pass what is called later, such as topK(3) or imle(topK(3)).",
    );
    must(
      Array.isArray(shapes),
      "value",
      () => `prepare: the second argument must be an array of shapes, got ${formatValue(shapes)}`,
      "Pass the shapes of the weights, such as [[8, 100]].",
    );
    for (const shape of shapes) requireShape("prepare", shape);
    requireOptions("prepare", options, ["signal"]);
    const { signal } = options;
    must(
      signal === undefined || typeof signal?.throwIfAborted === "function",
      "value",
      () => `prepare: signal must be an AbortSignal, got ${formatValue(signal)}`,
      "Pass the signal of an AbortController, or AbortSignal.timeout(milliseconds).",
    );
    signal?.throwIfAborted();
    for (const kernel of target.kernelsFor(this, shapes)) {
      await this.lifetime.untilEnded(this.pipelines.prepare(kernel));
      signal?.throwIfAborted();
    }
  }

  /**
   * Which kernels are taken where there are several; by default by the kind of the adapter.
   *
   * @throws ImleError `value` where what is assigned is no such table
   */
  get tuning(): Tuning {
    return this.chosen ?? usualTuning(this);
  }

  set tuning(tuning: Tuning) {
    this.chosen = checkTuning(tuning, this.device);
  }

  /**
   * Measures on this adapter, for some seconds, which kernels are quicker, takes those from then on, and returns the
   * table to be saved: `Engine.create({ tuning })` or `engine.tuning = …` takes it without measuring.
   */
  async tune(): Promise<Tuning> {
    const before = this.tuning;
    try {
      this.tuning = await measureTuning(this);
    } catch (error) {
      this.tuning = before;
      throw error;
    }
    return this.tuning;
  }

  /**
   * Frees everything, the buffers of all tensors too; a device that the engine made is destroyed, the host's and its
   * buffers are left alone. Safe to call twice.
   */
  dispose(): void {
    if (!this.lifetime.dispose()) return;
    this.pool.dispose(this.commands.awaitsHost);
    this.commands.dispose();
    if (this.ownsDevice) this.device.destroy();
  }

  /** A line for consoles, which would print everything that the engine holds. @internal */
  [nodeInspect](): string {
    const { liveBuffers, liveBytes } = this.memory();
    return `Engine (${this.lifetime.hasEnded ? "ended" : `${liveBuffers} buffers, ${liveBytes} bytes`})`;
  }

  /** @internal */
  [denoInspect](): string {
    return this[nodeInspect]();
  }

  // What follows serves ops, solvers and noises.

  /** A new tensor, whose elements the next dispatch must write. @internal */
  output(operation: string, shape: readonly number[], dtype: DType = "f32", options: TensorOptions = {}): Tensor {
    this.assertUsable(operation);
    return this.allocate(operation, shape, dtype, options, false);
  }

  /** Throws where no tensor can have this shape, before an operation of several dispatches begins. @internal */
  requireFit(operation: string, shape: readonly number[]): void {
    this.assertUsable(operation);
    requireShape(operation, shape);
    this.pool.requireFit(operation, 4 * sizeOf(shape));
  }

  /** The kernel of this name, composed at its first use; `label` is what errors call it. @internal */
  kernel(name: string, pieces: () => readonly Piece[], label = name): Kernel {
    let kernel = this.kernels.get(name);
    if (!kernel) this.kernels.set(name, (kernel = new Kernel(label, pieces())));
    return kernel;
  }

  /** Takes the work of the step that is being recorded; null where none is. @internal */
  get recorder(): Recorder | null {
    return this.commands.recorder;
  }

  /** A tensor made once an engine, such as a noise's table; it lives as long as the engine. @internal */
  cache(key: object | string, make: () => Tensor): Tensor {
    let tensor = this.cached.get(key);
    if (!tensor) this.cached.set(key, (tensor = this.commands.unrecorded(() => make().keep())));
    return tensor;
  }

  /** Throws where recorded work cannot be submitted once more now. @internal */
  requireReplay(work: Replayable): void {
    this.assertUsable("captured step");
    this.commands.checkHost("captured step");
    for (const storage of work.storages) {
      const error = this.pool.refusal(storage);
      if (error) throw error;
    }
  }

  /** Records a dispatch. @internal */
  dispatch(work: Dispatch): void {
    this.assertUsable(work.kernel.label);
    this.commands.dispatch(work);
  }

  /** Submits recorded work once more. @internal */
  replay(work: Replayable, copies: readonly (readonly [source: Slice, target: Slice])[]): void {
    this.commands.replay(work, copies);
  }

  /** Throws unless all tensors are alive and of this engine. @internal */
  check(operation: string, tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      must(
        tensor.engine === this,
        "engine",
        () => `${operation}: all tensors must be of one engine, got ${tensor.label} of another`,
        "Read it and make a tensor on this engine, or use one engine for both.",
      );
    }
  }

  /** Throws where the driver refused these bytes, or the submission that wrote them. @internal */
  checkStorage(operation: string, storage: Storage): void {
    this.assertUsable(operation);
    const error = this.pool.refusal(storage) ?? this.faults.refusal(storage.lastWrite);
    if (error) throw error;
  }

  /** @internal */
  async readSlices(slices: readonly Slice[]): Promise<ArrayBuffer[]> {
    this.assertUsable("read");
    const { status } = this;
    const withStatus = status.inUse ? [...slices, status.slice()] : slices;
    const reading = this.commands.read(withStatus);
    let bytes: ArrayBuffer[];
    try {
      bytes = await this.lifetime.untilEnded(reading);
    } catch (error) {
      if (this.lifetime.hasEnded) throw error;
      throw (await this.faults.settle(null)) ?? error;
    }
    await this.settle(status.inUse ? bytes[slices.length] : undefined);
    return bytes;
  }

  /** @internal */
  releaseStorage(storage: Storage): void {
    if (!this.lifetime.hasEnded) this.pool.release(storage, this.commands.serial);
  }

  private allocate(
    operation: string,
    shape: readonly number[],
    dtype: DType,
    options: TensorOptions,
    forUpload: boolean,
  ): Tensor {
    const { requiresGrad = false, label = operation } = options;
    requireShape(operation, shape);
    requireDtypeOption(operation, dtype, requiresGrad);
    const bytes = 4 * sizeOf(shape);
    const { recorder, pool, commands } = this;
    commands.checkHost(operation);
    const bits = options.usage ?? 0;
    if (recorder && forUpload) recorder.refuse(operation, "upload nothing from the host", uploadFix);
    const storage = recorder
      ? recorder.make(pool.reserve(operation, bytes, bits))
      : pool.acquire(operation, bytes, bits, forUpload ? commands.serial : Infinity);
    return new Tensor(this, storage, [...shape], dtype, requiresGrad, label);
  }

  private recordWith<T>(recorder: Recorder, f: () => T): T {
    this.commands.recorder = recorder;
    try {
      return f();
    } finally {
      this.commands.recorder = null;
    }
  }

  private assertUsable(operation: string): void {
    this.lifetime.check(operation);
  }

  /** Waits for the driver's verdicts, then throws what it or the device has reported. */
  private async settle(statusBytes: ArrayBuffer | undefined): Promise<void> {
    const error = await this.faults.settle(statusBytes ? this.status.take(statusBytes) : null);
    this.lifetime.check("engine");
    if (error) throw error;
  }
}
