import { formatShape, formatValue, must } from "./error.js";
import { sameShape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Gradients of the inputs, in their order; null where there is none. */
export type Gradients = readonly (Tensor | null)[];

/**
 * One operation on the tape: what it came from and how a gradient passes back through it.
 *
 * A node is held by the handles of its outputs and by the nodes that consumed them; when nobody holds it, or when
 * `backward` has used it, it lets go of what it saved.
 */
export class TapeNode {
  private static made = 0;
  readonly order = ++TapeNode.made;
  consumed = false;
  private holders = 0;

  constructor(
    readonly label: string,
    readonly inputs: readonly Tensor[],
    /** The nodes that made the inputs (null for leaves), held from now on. */
    private readonly sources: readonly (TapeNode | null)[],
    readonly outputShapes: readonly (readonly number[])[],
    private saved: readonly Tensor[],
    readonly backward: (dys: readonly (Tensor | null)[]) => Gradients,
  ) {
    for (const source of sources) source?.hold();
    for (const tensor of saved) tensor.pin();
  }

  hold(): void {
    this.holders++;
  }

  drop(): void {
    if (--this.holders > 0) return;
    this.release();
    for (const source of this.sources) source?.drop();
  }

  /** Lets go of what backward needed. */
  release(): void {
    for (const tensor of this.saved) tensor.unpin();
    this.saved = [];
  }

  source(input: number): TapeNode | null {
    return this.sources[input]!;
  }
}

let recordingEnabled = true;
let walking = 0;

/** Whether a tensor that a node saved may be read although its owner has disposed it: only while backward runs. */
export function isWalking(): boolean {
  return walking > 0;
}

/**
 * Runs `f` without recording: its results need no gradient and keep nothing alive.
 *
 * @param f synchronous
 * @returns what it returns
 * @throws ImleError `value` where it is no function, or returns a promise
 */
export function noGrad<T>(f: () => T): T {
  must(
    typeof f === "function",
    "value",
    () => `noGrad: the argument must be a function, got ${formatValue(f)}`,
    "Write noGrad(() => …).",
  );
  const before = recordingEnabled;
  recordingEnabled = false;
  try {
    const result = f();
    must(
      !(result instanceof Promise),
      "value",
      () => "noGrad: the function must be synchronous, got one that returns a promise",
      "Await outside of noGrad, or call noGrad around each synchronous part.",
    );
    return result;
  } finally {
    recordingEnabled = before;
  }
}

/** Whether an operation on these inputs would be recorded. */
export function isRecorded(inputs: readonly Tensor[]): boolean {
  return recordingEnabled && inputs.some((input) => input.requiresGrad);
}

/**
 * Puts an operation on the tape, if any input requires a gradient. `backward` gets the gradient of each output (null
 * where none arrived) and returns one for each input; it may read the tensors in `saved`, also if their owner has
 * disposed them by then.
 */
export function record(operation: {
  label: string;
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  saved?: readonly Tensor[];
  backward: (dys: readonly (Tensor | null)[]) => Gradients;
}): void {
  const { label, inputs, outputs, saved = [], backward } = operation;
  if (!isRecorded(inputs)) return;
  const sources = inputs.map((input) => (input.requiresGrad ? input.node : null));
  const shapes = outputs.map((output) => output.shape);
  const node = new TapeNode(label, inputs, sources, shapes, saved, backward);
  outputs.forEach((output, index) => output.attach(node, index));
}

/**
 * Walks the tape from `root` back to the leaves, newest operation first, and adds the gradients of the leaves into
 * their `grad`. The tape can be walked once.
 */
export function walkBack(root: Tensor, gradient: Tensor): void {
  const { engine } = root;
  const reached = root.node ? collect(root.node) : [];
  const leaves = new Map<Tensor, Tensor>();
  const arrived = new Map<TapeNode, (Tensor | null)[]>();
  walking++;
  try {
    noGrad(() =>
      engine.scope(() => {
        if (root.node) arrived.set(root.node, placed(root.node, root.outputIndex, gradient));
        else leaves.set(root, gradient);
        for (const node of reached) passBack(node, arrived, leaves);
        for (const [leaf, sum] of leaves) {
          leaf.addGradient(sum);
          sum.dispose();
        }
      }),
    );
  } finally {
    walking--;
  }
}

function collect(root: TapeNode): TapeNode[] {
  const reached = new Set<TapeNode>([root]);
  for (const node of reached) {
    must(
      !node.consumed,
      "disposed",
      () => `backward: a tape can be walked once, got a second walk through ${node.label}`,
      "Compute the loss again, or add the losses and call backward once.",
    );
    node.inputs.forEach((_, i) => {
      const source = node.source(i);
      if (source) reached.add(source);
    });
  }
  return [...reached].sort((a, b) => b.order - a.order);
}

function passBack(node: TapeNode, arrived: Map<TapeNode, (Tensor | null)[]>, leaves: Map<Tensor, Tensor>): void {
  const { engine } = node.inputs[0]!;
  node.consumed = true;
  const dys = arrived.get(node);
  arrived.delete(node);
  if (dys) {
    engine.scope(() => {
      const gradients = node.backward(dys);
      checkGradients(node, gradients);
      gradients.forEach((gradient, i) => {
        const input = node.inputs[i]!;
        if (!gradient || !input.requiresGrad) return;
        const source = node.source(i);
        if (source) {
          const waiting = arrived.get(source) ?? placed(source, input.outputIndex, null);
          waiting[input.outputIndex] = joined(waiting[input.outputIndex] ?? null, gradient);
          arrived.set(source, waiting);
        } else leaves.set(input, joined(leaves.get(input) ?? null, gradient));
      });
    });
    for (const dy of dys) dy?.dispose();
  }
  node.release();
}

function placed(node: TapeNode, index: number, gradient: Tensor | null): (Tensor | null)[] {
  const dys: (Tensor | null)[] = node.outputShapes.map(() => null);
  dys[index] = gradient;
  return dys;
}

/** The sum of two gradients, which outlives the scope of the node that made the second. */
function joined(sum: Tensor | null, gradient: Tensor): Tensor {
  const result = sum ? sum.add(gradient) : gradient.alias();
  result.promote();
  sum?.dispose();
  return result;
}

function checkGradients(node: TapeNode, gradients: Gradients): void {
  const count = node.inputs.length;
  must(
    gradients.length === count,
    "value",
    () => `${node.label}: backward must return one gradient (or null) for each of ${count} inputs, got ${gradients.length}`,
    "Return them as an array in the order of the inputs.",
  );
  gradients.forEach((gradient, i) => {
    const expected = node.inputs[i]!.shape;
    must(
      !gradient || sameShape(gradient.shape, expected),
      "shape",
      () => `${node.label}: the gradient of input ${i} must have the shape ${formatShape(expected)}, got ${formatShape(gradient!.shape)}`,
      "Sum over the broadcast axes, or reshape.",
    );
  });
}
