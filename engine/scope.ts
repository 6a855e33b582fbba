/// <reference lib="esnext.disposable" preserve="true" />
import { formatValue, must } from "./error.js";
import type { Tensor } from "./tensor.js";

/** `Symbol.dispose`, also where the runtime does not have it yet. */
export const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for("Symbol.dispose") as never);

/** Tensors that are freed together. */
export class Scope {
  private readonly members = new Set<Tensor>();

  constructor(
    private readonly scopes: Scopes,
    private readonly parent: Scope | null,
  ) {}

  /** @internal */
  adopt(tensor: Tensor): void {
    this.members.add(tensor);
    tensor.scope = this;
  }

  /** The tensor leaves; nobody frees it but its owner. @internal */
  release(tensor: Tensor): void {
    this.members.delete(tensor);
    tensor.scope = null;
  }

  /** The tensor moves to the enclosing scope. @internal */
  promote(tensor: Tensor): void {
    this.release(tensor);
    this.parent?.adopt(tensor);
  }

  /** Frees what is left. Safe to call twice. */
  close(): void {
    this.scopes.remove(this);
    for (const tensor of this.members) tensor.dispose(); // which takes it out
  }

  /** `using s = engine.openScope()` */
  [disposeSymbol](): void {
    this.close();
  }
}

/** The open scopes of an engine, innermost last. */
export class Scopes {
  private readonly open: Scope[] = [];

  adopt(tensor: Tensor): void {
    this.open.at(-1)?.adopt(tensor);
  }

  push(): Scope {
    const scope = new Scope(this, this.open.at(-1) ?? null);
    this.open.push(scope);
    return scope;
  }

  remove(scope: Scope): void {
    const index = this.open.lastIndexOf(scope);
    if (index >= 0) this.open.splice(index, 1);
  }

  /** Runs `f` in a scope of its own; what it returns moves to the enclosing one. */
  run<T>(f: () => T): T {
    must(
      typeof f === "function",
      "value",
      () => `scope: the argument must be a function, got ${formatValue(f)}`,
      "Write engine.scope(() => …).",
    );
    const scope = this.push();
    try {
      const result = f();
      must(
        !(result instanceof Promise),
        "value",
        () => "scope: the function must be synchronous, got one that returns a promise",
        "For asynchronous code write `using s = engine.openScope()`.",
      );
      promoteAll(result, scope);
      return result;
    } finally {
      scope.close();
    }
  }
}

/** Promotes the tensors of a result: one, or those in arrays and plain objects. */
function promoteAll(value: unknown, scope: Scope): void {
  if (typeof value !== "object" || value === null) return;
  if (isTensor(value)) {
    if (value.scope === scope) scope.promote(value);
  } else if (Array.isArray(value)) for (const item of value) promoteAll(item, scope);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) promoteAll(item, scope);
  }
}

/**
 * A value with its tensors (one, or those in arrays and plain objects) replaced, in two stages: `first` is called once
 * for each of them, and each call of what comes back puts what its argument makes of that in their places.
 */
export function mapTensors<T>(value: unknown, first: (tensor: Tensor) => T): (second: (item: T) => unknown) => unknown {
  if (typeof value !== "object" || value === null) return () => value;
  if (isTensor(value)) {
    const item = first(value);
    return (second) => second(item);
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => mapTensors(item, first));
    return (second) => items.map((item) => item(second));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return () => value;
  const entries = Object.entries(value).map(([name, item]) => [name, mapTensors(item, first)] as const);
  return (second) => Object.fromEntries(entries.map(([name, item]) => [name, item(second)]));
}

/** By structure: `instanceof` would tie the scopes to the class, and import it in a circle. */
function isTensor(value: object): value is Tensor {
  return "storage" in value && "dtype" in value && "scope" in value;
}
