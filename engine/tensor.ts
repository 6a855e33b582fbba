import type { Storage } from "./buffers.js";
import type { Slice } from "./commands.js";
import { arrays } from "./data.js";
import type { Engine } from "./engine.js";
import { formatShape, must } from "./error.js";
import { copyTo } from "./host-buffers.js";
import { denoInspect, nodeInspect } from "./inspect.js";
import { requireTensor } from "./ops/arguments.js";
import { add, div, exp, log, mul, neg, pow, sub } from "./ops/elementwise.js";
import { matmul, type MatmulOptions } from "./ops/matmul.js";
import { max, mean, sum } from "./ops/reduce.js";
import { reshape, transpose } from "./ops/shape.js";
import { disposeSymbol, type Scope } from "./scope.js";
import { sameShape, sizeOf } from "./shape.js";
import { isWalking, type TapeNode, walkBack } from "./tape.js";

/** Element types of tensors. Only f32 carries gradients. */
export type DType = "f32" | "i32" | "u32";

/** What a tensor of each dtype reads back as. */
export interface TypedArrayOf {
  /** For f32. */
  f32: Float32Array<ArrayBuffer>;
  /** For i32. */
  i32: Int32Array<ArrayBuffer>;
  /** For u32. */
  u32: Uint32Array<ArrayBuffer>;
}

/** One axis, several (each once), or all (undefined); negative axes count from the end. */
export type Axes = number | readonly number[];

/**
 * An array on the device: row-major, of f32, i32 or u32.
 *
 * A tensor is a handle. It is freed by {@link dispose}, by `using`, or by the scope in which it was made; what the
 * tape still needs stays on the device until backward has used it. Operations return new tensors; the few that most
 * programs use are methods, all others are functions (`relu(x)`, `softmax(x, -1)`, …).
 */
export class Tensor {
  /** Number of elements. */
  readonly size: number;
  /** The operation that made it; null for leaves. @internal */
  node: TapeNode | null = null;
  /** @internal */
  outputIndex = 0;
  /** @internal */
  scope: Scope | null = null;
  private gradient: Tensor | null = null;
  private pins = 0;
  private disposed = false;

  /** Made by the engine; use `engine.tensor`, `engine.zeros`, … @internal */
  constructor(
    /** Whose it is; operations take tensors of one engine. */
    readonly engine: Engine,
    /** @internal */
    readonly storage: Storage,
    /** Sizes of the axes, outermost first; `[]` is a scalar. */
    readonly shape: readonly number[],
    /** Type of the elements. */
    readonly dtype: DType,
    /** Whether backward reaches it. */
    public requiresGrad: boolean,
    /** Names it in errors. */
    readonly label: string,
  ) {
    this.size = sizeOf(shape);
    engine.scopes.adopt(this);
  }

  /** Elementwise sum, broadcasting; see the function `add`. */
  add(other: Tensor | number): Tensor {
    return add(this, other);
  }

  /** Elementwise difference, broadcasting; see the function `sub`. */
  sub(other: Tensor | number): Tensor {
    return sub(this, other);
  }

  /** Elementwise product, broadcasting; see the function `mul`. */
  mul(other: Tensor | number): Tensor {
    return mul(this, other);
  }

  /** Elementwise quotient, broadcasting; see the function `div`. */
  div(other: Tensor | number): Tensor {
    return div(this, other);
  }

  /** −x; see the function `neg`. */
  neg(): Tensor {
    return neg(this);
  }

  /** eˣ; see the function `exp`. */
  exp(): Tensor {
    return exp(this);
  }

  /** Natural logarithm; near 1 it has WGSL's absolute accuracy only; see the function `log`. */
  log(): Tensor {
    return log(this);
  }

  /**
   * Elementwise power, broadcasting; the base must not be negative where the exponent is not whole; see the function
   * `pow`.
   */
  pow(exponent: Tensor | number): Tensor {
    return pow(this, exponent);
  }

  /** Sum over `axis` (all axes by default); see the function `sum`. */
  sum(axis?: Axes, keepDims = false): Tensor {
    return sum(this, axis, keepDims);
  }

  /** Mean over `axis` (all axes by default); see the function `mean`. */
  mean(axis?: Axes, keepDims = false): Tensor {
    return mean(this, axis, keepDims);
  }

  /**
   * Maximum over `axis` (all axes by default); the gradient goes to the first of equal maxima; see the function `max`.
   */
  max(axis?: Axes, keepDims = false): Tensor {
    return max(this, axis, keepDims);
  }

  /**
   * Matrix product of the last two axes, batched over the others; `[n, k] × [k, m]` gives `[n, m]`; see the function
   * `matmul`.
   */
  matmul(other: Tensor, options?: MatmulOptions): Tensor {
    return matmul(this, other, options);
  }

  /** The same elements in another shape, without a copy; one length may be −1; see the function `reshape`. */
  reshape(shape: readonly number[]): Tensor {
    return reshape(this, shape);
  }

  /** Permutes the axes; without `axes` it swaps the last two; see the function `transpose`. */
  transpose(axes?: readonly number[]): Tensor {
    return transpose(this, axes);
  }

  /**
   * The gradient that backward has added up here, or null. This tensor owns it: it outlives scopes.
   * Assigning takes ownership of the new one and disposes the old.
   *
   * @throws ImleError `shape` unless what is assigned is f32 of this shape; `buffer` where it lies in this tensor's
   * buffer
   */
  get grad(): Tensor | null {
    this.engine.recorder?.gradientUsed(this, this.gradientStorage);
    return this.gradient;
  }

  set grad(value: Tensor | null) {
    this.engine.recorder?.gradientUsed(this, undefined);
    if (value === this.gradient) return;
    if (value !== null) {
      const { shape } = this;
      requireTensor("grad", "the gradient", value);
      this.engine.check("grad", [value]);
      must(
        sameShape(value.shape, shape) && value.dtype === "f32",
        "shape",
        () => `grad: a gradient must be f32 of shape ${formatShape(shape)}, got ${value.dtype} ${formatShape(value.shape)}`,
        "Give it the shape of its tensor.",
      );
      must(
        !value.storage.sharesBuffer(this.storage),
        "buffer",
        () => "grad: a gradient must lie in a buffer of its own, got that of its tensor",
        "WebGPU lets no kernel read and write one buffer: wrap two, or assign gradient.mul(1).",
      );
    }
    this.gradient?.dispose();
    if (value) value.scope?.release(value);
    this.gradient = value;
  }

  /** Where {@link grad} lies; null where there is none. @internal */
  get gradientStorage(): Storage | null {
    return this.gradient?.storage ?? null;
  }

  /** Adds to {@link grad}; a tensor that has been disposed keeps none. @internal */
  addGradient(gradient: Tensor): void {
    if (this.disposed) return;
    const { recorder, commands } = this.engine;
    recorder?.gradientUsed(this, this.gradientStorage);
    if (this.gradient) {
      const sum = this.gradient.add(gradient);
      if (!recorder) this.grad = sum;
      // In place, since the next replay adds to what this one leaves.
      else commands.copy(sum.slice("backward"), { storage: this.gradient.slice("backward").storage, offset: 0 });
    }
    // A copy where somebody else holds the same elements: a host may write into its gradients.
    else this.grad = gradient.storage.references > 1 ? gradient.mul(1) : gradient.alias();
  }

  /**
   * Gradients of this scalar (or of ⟨this, gradient⟩) with respect to every leaf that requires one, added into their
   * {@link grad}.
   *
   * @param gradient ∂L/∂this, of this tensor's shape; needed unless this is a scalar
   * @throws ImleError `value` where nothing that it depends on requires a gradient; `shape` where this has more than
   * one element and no gradient is given, or that is not f32 of this shape; `disposed` at a second walk over the same
   * tape
   */
  backward(gradient?: Tensor): void {
    const { engine, shape } = this;
    this.slice("backward");
    engine.commands.checkHost("backward"); // before the walk, which uses up the tape
    must(
      this.requiresGrad,
      "value",
      () => "backward: the tensor must depend on one that requires a gradient, got none",
      "Make a parameter with { requiresGrad: true }, and compute the loss outside of noGrad.",
    );
    must(
      gradient !== undefined || this.size === 1,
      "shape",
      () => `backward: without a gradient the tensor must have one element, got shape ${formatShape(shape)}`,
      "Reduce it with sum() or mean(), or pass a gradient of its shape.",
    );
    if (gradient !== undefined) {
      requireTensor("backward", "the gradient", gradient);
      engine.check("backward", [this, gradient]);
      must(
        sameShape(gradient.shape, shape) && gradient.dtype === "f32",
        "shape",
        () => `backward: the gradient must be f32 of shape ${formatShape(shape)}, got ${gradient.dtype} ${formatShape(gradient.shape)}`,
        "Pass ∂L/∂x with the shape of x.",
      );
    }
    engine.scope(() => walkBack(this, gradient?.alias() ?? engine.ones(shape)));
  }

  /**
   * The elements, once everything recorded so far has run: a Float32Array, Int32Array or Uint32Array, as the dtype is.
   * In TypeScript name a dtype other than f32: `await x.read<"i32">()`.
   *
   * @throws ImleError what the device and its driver have reported since the last read, of whatever code; `buffer` for
   * a wrapped buffer without COPY_SRC; `engine` in a captured step, and while recorded work waits for its host
   */
  async read<D extends DType = "f32">(): Promise<TypedArrayOf[D]> {
    const [bytes] = await this.engine.readSlices([this.slice("read")]);
    return new arrays[this.dtype](bytes!) as TypedArrayOf[D];
  }

  /** The one element of a tensor of size 1. @throws ImleError `shape` where there are more; else as {@link read} */
  async item(): Promise<number> {
    must(
      this.size === 1,
      "shape",
      () => `item: the tensor must have one element, got shape ${formatShape(this.shape)}`,
      "Reduce it first, or use read().",
    );
    return (await this.read())[0]!;
  }

  /**
   * Replaces the elements, in order: what was recorded before still sees the old ones.
   *
   * @param data one number an element, of the tensor's own array type; or a tensor of the same shape and dtype
   * @throws ImleError `shape` or `dtype` where it does not fit; `buffer` for a wrapped buffer without COPY_DST, or a
   * tensor in the same buffer; `engine` for numbers in a captured step
   */
  write(data: TypedArrayOf[DType] | Tensor): void {
    const { storage } = this.slice("write");
    if (data instanceof Tensor) {
      const source = data.slice("write");
      this.engine.check("write", [data]);
      must(
        data.dtype === this.dtype && sameShape(data.shape, this.shape),
        "shape",
        () => `write: a tensor must be ${this.dtype} ${formatShape(this.shape)}, got ${data.dtype} ${formatShape(data.shape)}`,
        "Give it the shape and dtype of the one that is written.",
      );
      if (source.storage !== storage) this.engine.commands.copy(source, { storage, offset: 0 });
      return;
    }
    must(
      data instanceof arrays[this.dtype],
      "dtype",
      () => `write: a ${this.dtype} tensor must be given a ${arrays[this.dtype].name}, got ${data?.constructor?.name}`,
      `Convert it: new ${arrays[this.dtype].name}(data).`,
    );
    must(
      data.length === this.size,
      "shape",
      () => `write: shape ${formatShape(this.shape)} must get ${this.size} numbers, got ${data.length}`,
      "Pass one number an element.",
    );
    this.engine.commands.upload(storage, data);
  }

  /**
   * The device's own buffer, without a copy, and the bytes of it that hold the elements. Call `engine.flush()` before a
   * submit of your own that uses it. It goes when the tensor is disposed: do not destroy it.
   *
   * @throws ImleError `engine` in a captured step
   */
  get gpu(): { buffer: GPUBuffer; offset: number; size: number } {
    const { storage, bytes } = this.slice("gpu");
    return { buffer: storage.buffer, offset: storage.offset, size: bytes };
  }

  /**
   * Copies the elements into a host's buffer, in order with all other work.
   *
   * @param buffer of this device, with the usage COPY_DST
   * @param offset bytes, a multiple of 4
   * @throws ImleError `buffer` where usage, size or offset does not fit, or the elements lie in the same buffer. A
   * buffer of another device, a destroyed or a mapped one is told later, as `buffer`
   */
  copyTo(buffer: GPUBuffer, offset = 0): void {
    copyTo(this, buffer, offset);
  }

  /**
   * Takes the tensor out of its scope: it lives until {@link dispose}. Returns it.
   *
   * @throws ImleError `engine` in a captured step, which keeps nothing but what it returns
   */
  keep(): this {
    if (!this.storage.isPlaced) {
      const fix = "Return it from the step; or make it before, and write() the new elements into it.";
      this.engine.recorder?.refuse("keep", "keep nothing that it makes", fix);
    }
    this.scope?.release(this);
    return this;
  }

  /** Gives the elements back, save what the tape still needs. Safe to call twice. */
  dispose(): void {
    if (this.disposed) return;
    this.scope?.release(this);
    this.gradient?.dispose();
    this.gradient = null;
    // While this still counts as alive: the node may unpin this very tensor, which must not release it twice.
    this.node?.drop();
    this.node = null;
    this.disposed = true;
    if (this.pins === 0) this.engine.releaseStorage(this.storage);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Moves the tensor to the enclosing scope. @internal */
  promote(): void {
    this.scope?.promote(this);
  }

  /** Another handle on the same elements, outside of the tape. @internal */
  alias(shape: readonly number[] = this.shape): Tensor {
    this.slice("alias");
    this.storage.references++;
    return new Tensor(this.engine, this.storage, shape, this.dtype, false, this.label);
  }

  /** Where the elements lie, for a dispatch of `operation`. @internal */
  slice(operation: string): Slice {
    must(
      !this.disposed || (this.pins > 0 && isWalking()),
      "disposed",
      () => `${operation}: a tensor must be alive, got a disposed one (${this.label} ${formatShape(this.shape)})`,
      "Return it from its engine.scope, or call keep() on it before the scope ends.",
    );
    this.engine.checkStorage(operation, this.storage);
    return { storage: this.storage, bytes: 4 * this.size };
  }

  /** Tape only: this tensor is output `index` of `node`. @internal */
  attach(node: TapeNode, index: number): void {
    node.hold();
    this.node = node;
    this.outputIndex = index;
    this.requiresGrad = true;
  }

  /** Tape only: the elements are needed by one more node. @internal */
  pin(): void {
    this.pins++;
  }

  /** Tape only: and by one fewer. @internal */
  unpin(): void {
    if (--this.pins === 0 && this.disposed) this.engine.releaseStorage(this.storage);
  }

  /** A line for consoles, which would print the whole engine. @internal */
  [nodeInspect](): string {
    return `Tensor ${this.dtype} ${formatShape(this.shape)} (${this.disposed ? "disposed" : this.label})`;
  }

  /** @internal */
  [denoInspect](): string {
    return this[nodeInspect]();
  }

  /** `using x = …` */
  [disposeSymbol](): void {
    this.dispose();
  }
}
