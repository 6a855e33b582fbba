/** What a sequence of calls must lead to, in plain numbers: elements, gradients, and which buffers are held. */

import type { DType, Tensor } from "webgpu-imle";

/** Numbers of one buffer, which several handles may share; null where they are not known. */
export class Elements {
  constructor(
    readonly count: number,
    public values: readonly number[] | null,
    /** Of the engine's own memory, and not a host's buffer. */
    readonly isOwn = true,
  ) {}

  /** What the pool gives for so many: of four steps an octave, a multiple of 256. */
  get capacity(): number {
    const bytes = 4 * this.count;
    for (let octave = 256; ; octave *= 2) {
      for (const step of [1, 1.25, 1.5, 1.75]) {
        const capacity = Math.ceil((step * octave) / 256) * 256;
        if (capacity >= bytes) return capacity;
      }
    }
  }
}

/** Where something is larger, rounding is, too, and it is no longer compared. */
const largest = 1e4;

/** Rounded as on the device; null where any is unknown or too large to be compared. */
export function known(values: readonly number[] | null): readonly number[] | null {
  return values?.every((value) => Math.abs(value) <= largest) ? values.map(Math.fround) : null;
}

/** An operation on the tape. */
export interface Node {
  readonly inputs: readonly Handle[];
  /** The nodes that made the inputs, when this one was recorded. */
  readonly sources: readonly (Node | null)[];
  /** What may stay on the device until backward has used it. */
  readonly mayKeep: readonly Elements[];
  /** Buffers that it may keep beside these. */
  readonly hidden: number;
  /** ∂L/∂inputs from ∂L/∂output; each null where it is unknown. */
  readonly backward: (dy: readonly number[] | null) => readonly (readonly number[] | null)[];
  consumed: boolean;
}

/** A tensor, and what it must be. */
export interface Handle {
  readonly tensor: Tensor;
  readonly elements: Elements;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly requiresGrad: boolean;
  /** Of another engine. */
  readonly isForeign: boolean;
  node: Node | null;
  isAlive: boolean;
  gradient: Elements | null;
  scope: ScopeModel | null;
  /** The code of the error that each use throws, where the driver refused what wrote it. */
  readonly spoilt?: "buffer";
}

/** An open scope. */
export interface ScopeModel {
  readonly close: () => void;
  readonly members: Set<Handle>;
}

/** The nodes that handles which are alive lead to. */
export function heldNodes(handles: Iterable<Handle>): Set<Node> {
  const found = new Set<Node>();
  for (const { isAlive, node } of handles) if (isAlive && node) found.add(node);
  for (const node of found) for (const source of node.sources) if (source) found.add(source);
  return found;
}

/** Adds gradients to the leaves, as `backward` does; false where a node was used before, and nothing has changed then. */
export function walkBack(root: Handle, seed: readonly number[] | null): boolean {
  const arrived = new Map<Node, readonly number[] | null>();
  const leaves = new Map<Handle, readonly number[] | null>();
  const add = <Key>(sums: Map<Key, readonly number[] | null>, key: Key, more: readonly number[] | null): void => {
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? more : sum && more && known(sum.map((value, i) => value + more[i]!)));
  };
  const order: Node[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const source of node.sources) if (source) visit(source);
    order.push(node);
  };
  if (root.node) visit(root.node);
  if (order.some(({ consumed }) => consumed)) return false;
  if (root.node) arrived.set(root.node, seed);
  else leaves.set(root, seed);
  for (const node of order.reverse()) {
    node.consumed = true;
    const gradients = node.backward(arrived.get(node) ?? null);
    node.inputs.forEach((input, i) => {
      if (!input.requiresGrad) return;
      const source = node.sources[i];
      if (source) add(arrived, source, gradients[i]!);
      else add(leaves, input, gradients[i]!);
    });
  }
  for (const [leaf, sum] of leaves) {
    if (!leaf.isAlive) continue;
    const before = leaf.gradient;
    const values = before ? before.values && sum && known(before.values.map((value, i) => value + sum[i]!)) : sum;
    leaf.gradient = new Elements(leaf.elements.count, values && known(values));
  }
  return true;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The shape that two broadcast to; null where they do not. */
export function broadcast(a: readonly number[], b: readonly number[]): readonly number[] | null {
  const shape: number[] = [];
  for (let i = 1; i <= Math.max(a.length, b.length); i++) {
    const [m, n] = [a.at(-i) ?? 1, b.at(-i) ?? 1];
    if (i > a.length || i > b.length || m === n || m === 1 || n === 1) shape.unshift(m === 1 ? n : m);
    else return null;
  }
  return shape;
}

/** For each element of `shape`, the element of `from` that it comes from. */
export function placesIn(from: readonly number[], shape: readonly number[]): readonly number[] {
  return Array.from({ length: product(shape) }, (_, place) => {
    let [rest, at, stride] = [place, 0, 1];
    for (let i = 1; i <= shape.length; i++) {
      const index = rest % shape.at(-i)!;
      rest = Math.floor(rest / shape.at(-i)!);
      const length = from.at(-i) ?? 1;
      if (i <= from.length && length !== 1) at += index * stride;
      if (i <= from.length) stride *= length;
    }
    return at;
  });
}

/** Sums what was broadcast back to its own shape. */
export function summedTo(
  shape: readonly number[],
  values: readonly number[] | null,
  places: readonly number[],
): readonly number[] | null {
  if (!values) return null;
  const sums = new Array<number>(product(shape)).fill(0);
  values.forEach((value, i) => (sums[places[i]!]! += value));
  return known(sums);
}
