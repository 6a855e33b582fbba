/** An engine with a model beside it: calls are made on both, and what differs is a failure. */

import { type DType, Engine, ImleError, type SGD, type Tensor } from "webgpu-imle";
import { Elements, type Handle, heldNodes, known, type Node, type ScopeModel } from "./model.js";

/** What a call made beside what it must have made; it says which sequence leads there by fast-check's own report. */
export class Mismatch extends Error {}

/** Numbers of fast-check's, from which an action takes what it needs. */
export class Picks {
  private next = 0;

  constructor(private readonly numbers: readonly number[]) {}

  /** A whole number from 0 and below `count`. */
  below(count: number): number {
    return this.numbers[this.next++ % this.numbers.length]! % count;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Small numbers that f32 holds exactly. */
  values(count: number): number[] {
    return Array.from({ length: count }, (_, i) => (((this.below(64) + 7 * i) % 17) - 8) / 4);
  }
}

/** Something that holds buffers until it is disposed: an optimiser, a captured step. */
export interface Holder {
  readonly elements: readonly Elements[];
  /** Buffers and bytes that only it knows of, as measured when it was made. */
  hidden: { buffers: number; bytes: number };
  readonly dispose: () => void;
  isAlive: boolean;
}

/** A step that was captured over one leaf. */
export interface StepModel extends Holder {
  readonly call: (x: Tensor) => Tensor;
  readonly leaf: Handle;
  readonly result: Elements;
  readonly gradient: Elements;
  calls: number;
}

export interface OptimiserModel extends Holder {
  readonly optimiser: SGD;
  readonly leaf: Handle;
  readonly learningRate: number;
}

/** Counts of what was done, for the report. */
export class Tally {
  calls = 0;
  refused = 0;
  values = 0;
  memories = 0;
}

/** Milliseconds after which a wait counts as a hang. */
const longestWait = 20_000;

/** The longest list of handles: older ones that are disposed are forgotten. */
const handlesKept = 40;

export class World {
  readonly handles: Handle[] = [];
  readonly scopes: ScopeModel[] = [];
  readonly steps: StepModel[] = [];
  readonly optimisers: OptimiserModel[] = [];
  readonly buffers: GPUBuffer[] = [];
  /** Reads under way. */
  readonly pending: (() => Promise<void>)[] = [];
  /** An encoder with recorded work that waits for its host. */
  hosted: GPUCommandEncoder | null = null;
  /** The code of all errors, once the engine has ended. */
  ended: "disposed" | "device-lost" | null = null;
  private isRecording = false;
  private readonly baseline;

  constructor(
    readonly engine: Engine,
    /** A tensor of another engine, [2, 3]. */
    readonly foreign: Handle,
    readonly tally: Tally,
  ) {
    this.baseline = engine.memory();
  }

  get device(): GPUDevice {
    return this.engine.device;
  }

  /**
   * Makes a call that must throw an ImleError of one of these codes, or must not throw where there is none. One that
   * touches the device must throw too where the engine has ended, or recorded work waits for its host.
   */
  attempt<T>(codes: readonly (string | false)[], run: () => T, touchesDevice = true): T | undefined {
    const expected = this.expected(codes, touchesDevice);
    this.tally.calls++;
    let result: T;
    try {
      result = run();
    } catch (error) {
      this.judge(expected, error);
      return undefined;
    }
    if (expected.length > 0) throw new Mismatch(`must throw ${expected.join(" or ")}, and did not`);
    return result;
  }

  /** The same of a promise; it must settle in time. */
  async settle<T>(codes: readonly (string | false)[], run: () => Promise<T>): Promise<T | undefined> {
    const expected = this.expected(codes, true);
    this.tally.calls++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hang = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Mismatch(`a promise must settle, and did not in ${longestWait} ms`)), longestWait);
    });
    try {
      const result = await Promise.race([run(), hang]);
      if (expected.length > 0) throw new Mismatch(`must reject with ${expected.join(" or ")}, and did not`);
      return result;
    } catch (error) {
      this.judge(expected, error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  private expected(codes: readonly (string | false)[], touchesDevice: boolean): string[] {
    const wrong = codes.filter((code) => code !== false);
    if (!touchesDevice) return wrong;
    if (this.ended !== null) return [...wrong, this.ended];
    return this.hosted !== null && !this.isRecording ? [...wrong, "engine"] : wrong;
  }

  private judge(expected: readonly string[], error: unknown): void {
    if (error instanceof Mismatch) throw error;
    if (!(error instanceof ImleError)) {
      throw new Mismatch(`every error must be an ImleError, got ${error instanceof Error ? error.stack : String(error)}`);
    }
    const said = `${error.code}: ${error.message}`;
    if (!/: .*, got /s.test(error.message) || error.fix.length < 10) throw new Mismatch(`says too little: ${said}`);
    if (expected.length === 0) throw new Mismatch(`must succeed, got ${said}`);
    if (!expected.includes(error.code)) throw new Mismatch(`must be ${expected.join(" or ")}, got ${said}`);
    this.tally.refused++;
  }

  /** The codes of the errors that these handles must lead to. */
  wrongs(...handles: readonly Handle[]): string[] {
    return handles.flatMap(({ isAlive, isForeign, spoilt }) => [
      ...(isAlive ? [] : ["disposed"]),
      ...(isForeign ? ["engine"] : []),
      ...(spoilt ? [spoilt] : []),
    ]);
  }

  /** A tensor that the engine has made; undefined where it made none. */
  adopt(
    tensor: Tensor | undefined,
    values: readonly number[] | null,
    more: { elements?: Elements; node?: Node; requiresGrad?: boolean; spoilt?: "buffer"; isKept?: boolean } = {},
  ): Handle | undefined {
    if (!tensor) return undefined;
    const elements = more.elements ?? new Elements(tensor.size, values && known(values));
    const node = more.node ?? null;
    const handle: Handle = {
      ...{ tensor, elements, node, shape: tensor.shape, dtype: tensor.dtype, isForeign: false },
      ...{ requiresGrad: more.requiresGrad ?? node !== null, isAlive: true, gradient: null, scope: null },
      ...(more.spoilt && { spoilt: more.spoilt }),
    };
    if (tensor.requiresGrad !== handle.requiresGrad) throw new Mismatch(`requiresGrad must be ${handle.requiresGrad}`);
    const scope = more.isKept ? undefined : this.scopes.at(-1);
    if (scope) {
      handle.scope = scope;
      scope.members.add(handle);
    }
    this.handles.push(handle);
    const old = this.handles.length > handlesKept ? this.handles.findIndex(({ isAlive }) => !isAlive) : -1;
    if (old >= 0) this.handles.splice(old, 1);
    return handle;
  }

  /** A handle: mostly one that can be used, else a disposed, spoilt or foreign one. */
  pick(picks: Picks, wanted: (handle: Handle) => boolean = () => true): Handle | undefined {
    const all = [...this.handles, this.foreign];
    const usable = all.filter((handle) => wanted(handle) && this.wrongs(handle).length === 0);
    return picks.below(5) > 0 && usable.length > 0 ? picks.of(usable) : picks.of(all);
  }

  leaf(picks: Picks): Handle | undefined {
    return this.pick(picks, ({ requiresGrad, node }) => requiresGrad && node === null);
  }

  disposed(handle: Handle): void {
    handle.isAlive = false;
    handle.node = null;
    handle.gradient = null;
    handle.scope?.members.delete(handle);
    handle.scope = null;
  }

  compare(what: string, got: ArrayLike<number>, wanted: readonly number[] | null): void {
    if (!wanted) return;
    this.tally.values++;
    const size = Math.max(1, ...wanted.map(Math.abs));
    for (let i = 0; i < wanted.length; i++) {
      if (Math.abs(got[i]! - wanted[i]!) <= 1e-3 * size) continue;
      throw new Mismatch(`${what} must be ${wanted.join(" ")}, got ${Array.from(got).join(" ")}`);
    }
  }

  /** Records into an encoder of the host, which waits then to be submitted. */
  record<T>(run: () => T): T | undefined {
    const encoder = this.device.createCommandEncoder();
    return this.attempt([], () => {
      const before = this.hosted;
      this.hosted = encoder;
      this.isRecording = true;
      try {
        return this.engine.record(encoder, run);
      } catch (error) {
        this.hosted = before;
        throw error;
      } finally {
        this.isRecording = false;
      }
    });
  }

  /** The host submits. */
  submit(): void {
    if (this.hosted === null) return void this.attempt([], () => this.engine.submitted());
    if (this.ended === null) this.device.queue.submit([this.hosted.finish()]);
    this.hosted = null;
    this.attempt([], () => this.engine.submitted());
  }

  /** Memory must be what the model holds; what the tape may keep, or a host's encoder, is between two bounds. */
  checkMemory(): void {
    if (this.ended !== null) return;
    const { liveBuffers, liveBytes, pooledBytes, peakBytes } = this.engine.memory();
    this.tally.memories++;
    const held = new Set<Elements>();
    const hold = (elements: Elements | null): void => void (elements?.isOwn && held.add(elements));
    for (const { isAlive, elements, gradient } of this.handles) {
      if (!isAlive) continue;
      hold(elements);
      hold(gradient);
    }
    const holders = [...this.steps, ...this.optimisers].filter(({ isAlive }) => isAlive);
    for (const { elements } of holders) elements.forEach(hold);
    const sum = (list: Iterable<number>): number => [...list].reduce((a, b) => a + b, 0);
    const buffers = this.baseline.liveBuffers + held.size + sum(holders.map(({ hidden }) => hidden.buffers));
    const bytes =
      this.baseline.liveBytes +
      sum([...held].map(({ capacity }) => capacity)) +
      sum(holders.map(({ hidden }) => hidden.bytes));
    let more = 0;
    for (const { consumed, mayKeep, hidden } of heldNodes(this.handles)) {
      if (consumed) continue;
      more += hidden;
      for (const elements of mayKeep) {
        if (!elements.isOwn || held.has(elements)) continue;
        held.add(elements);
        more++;
      }
    }
    if (this.hosted !== null) more = Infinity;
    const isRight =
      liveBuffers >= buffers && liveBuffers <= buffers + more && liveBytes >= bytes && (more > 0 || liveBytes === bytes);
    if (!isRight) {
      const wanted = `${buffers} buffers and ${bytes} bytes${more > 0 ? `, and at most ${more} buffers more` : ""}`;
      throw new Mismatch(`memory: must be ${wanted}, got ${liveBuffers} and ${liveBytes}`);
    }
    if (peakBytes < liveBytes + pooledBytes) throw new Mismatch(`memory: peak ${peakBytes} is below what there is`);
  }

  /** What memory holds beyond the model; for what a holder has made. */
  hiddenSince(before: { liveBuffers: number; liveBytes: number }, made: readonly Elements[]): Holder["hidden"] {
    const after = this.engine.memory();
    const bytes = made.reduce((sum, { capacity }) => sum + capacity, 0);
    return {
      buffers: after.liveBuffers - before.liveBuffers - made.length,
      bytes: after.liveBytes - before.liveBytes - bytes,
    };
  }

  /** Looks at all that there is, and gives everything back; the engine must then hold what it held before. */
  async end(): Promise<void> {
    this.submit();
    for (const settle of this.pending.splice(0)) await settle();
    const alive = this.ended === null ? this.handles.filter((handle) => this.wrongs(handle).length === 0) : [];
    await Promise.all(
      alive.flatMap(({ tensor, elements, gradient }) => {
        if ((tensor.grad !== null) !== (gradient !== null)) throw new Mismatch("a gradient is there, and must not be, or not");
        const read = async (what: string, from: Tensor | null, wanted: readonly number[] | null): Promise<void> => {
          const got = wanted && from ? await this.settle([], () => from.read()) : undefined;
          if (got) this.compare(what, got, wanted);
        };
        return [read("an element", tensor, elements.values), read("a gradient", tensor.grad, gradient?.values ?? null)];
      }),
    );
    for (const scope of this.scopes.splice(0)) this.closeScope(scope);
    for (const holder of [...this.steps, ...this.optimisers]) {
      holder.dispose();
      holder.isAlive = false;
    }
    for (const handle of this.handles) {
      handle.tensor.dispose();
      this.disposed(handle);
    }
    await this.settle([], () => this.engine.idle());
    for (const buffer of this.buffers) buffer.destroy();
    this.checkMemory();
  }

  closeScope(scope: ScopeModel): void {
    scope.close();
    for (const handle of [...scope.members]) this.disposed(handle);
  }
}

/** A tensor that belongs to another engine, for calls that must refuse it. */
export function foreignHandle(engine: Engine): Handle {
  const tensor = engine.ones([2, 3]);
  return {
    ...{ tensor, elements: new Elements(6, [1, 1, 1, 1, 1, 1]), shape: [2, 3], dtype: "f32" as DType },
    ...{ requiresGrad: false, isForeign: true, node: null, isAlive: true, gradient: null, scope: null },
  };
}
