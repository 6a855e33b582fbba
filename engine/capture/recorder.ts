import type { Storage } from "../buffers.js";
import type { CopyTarget, Dispatch, Slice } from "../commands.js";
import { ImleError } from "../error.js";
import type { Draw } from "../random.js";
import type { Tensor } from "../tensor.js";

/** One command of a recorded step. */
export type Entry =
  | { readonly kind: "dispatch"; readonly work: Dispatch }
  | { readonly kind: "clear"; readonly target: Slice }
  | { readonly kind: "copy"; readonly source: Slice; readonly target: CopyTarget };

/** What a recorded step expects of the gradient of a leaf, and what it leaves there. */
export interface GradientUse {
  /** The gradient that must be there when the step begins; undefined where the step drops it without a look. */
  readonly before: Storage | null | undefined;
}

/**
 * Takes the commands of a step instead of the device. Nothing runs; tensors made meanwhile have storages without
 * buffers, which are given out when the whole step is known (engine/capture/placement.ts).
 */
export class Recorder {
  readonly entries: Entry[] = [];
  readonly draws: Draw[] = [];
  readonly gradients = new Map<Tensor, GradientUse>();
  /** Storages from outside the step, each held once. */
  readonly held = new Set<Storage>();
  /** Storages made in the step. */
  readonly made = new Set<Storage>();
  private failure: ImleError | null = null;

  dispatch(work: Dispatch): void {
    for (const { storage } of Object.values(work.buffers)) this.hold(storage);
    this.entries.push({ kind: "dispatch", work });
  }

  clear(target: Slice): void {
    this.hold(target.storage);
    this.entries.push({ kind: "clear", target });
  }

  copy(source: Slice, target: CopyTarget): void {
    this.hold(source.storage);
    if ("storage" in target) this.hold(target.storage);
    this.entries.push({ kind: "copy", source, target });
  }

  /** Throws, and makes sure that the capture does too where the step swallows this error. */
  refuse(operation: string, mustNot: string, fix: string): never {
    const message = `${operation}: a captured step must ${mustNot}, got a call inside one`;
    throw (this.failure ??= new ImleError("engine", message, fix));
  }

  /** Throws what was refused in the step. */
  check(): void {
    if (this.failure) throw this.failure;
  }

  make(storage: Storage): Storage {
    this.made.add(storage);
    return storage;
  }

  /** The step looks at a leaf's gradient, or drops it without a look: the first of these counts. */
  gradientUsed(leaf: Tensor, before: Storage | null | undefined): void {
    if (!this.gradients.has(leaf)) this.gradients.set(leaf, { before });
  }

  private hold(storage: Storage): void {
    if (this.made.has(storage) || this.held.has(storage)) return;
    this.held.add(storage);
    storage.references++;
  }
}

/** The storages that a command reads and those that it writes; what it changes in part is in both. */
export function storagesOf(entry: Entry): { read: readonly Storage[]; written: readonly Storage[] } {
  if (entry.kind === "clear") return { read: [], written: [entry.target.storage] };
  if (entry.kind === "copy") {
    return { read: [entry.source.storage], written: "storage" in entry.target ? [entry.target.storage] : [] };
  }
  const { kernel, buffers } = entry.work;
  const read: Storage[] = [];
  const written: Storage[] = [];
  for (const { kind, name } of kernel.bufferBindings) {
    const { storage } = buffers[name]!;
    if (kind === "read_write") written.push(storage);
    if (kind !== "read_write" || !entry.work.elements) read.push(storage); // those overwrite every element
  }
  return { read, written };
}
