/**
 * What kind of rule was broken; see {@link ImleError.code}.
 *
 * - `shape`: a tensor's shape does not fit
 * - `dtype`: a tensor's element type does not fit
 * - `value`: an option or argument is out of its range
 * - `disposed`: a tensor, engine or tape that has been given back is used again
 * - `engine`: tensors of different engines meet, or the engine is used in a way its state forbids
 * - `buffer`: a GPUBuffer of the host has the wrong size, usage, alignment or state
 * - `limit`: the device cannot hold or bind that much
 * - `adapter`: no WebGPU adapter or device is to be had
 * - `data`: a file is missing, truncated or malformed
 * - `wgsl`: a composed shader does not compile
 * - `device-lost`: the device is gone
 * - `non-finite`: a number on the device is NaN or infinite where it must not be
 */
export type ImleErrorCode =
  | "shape"
  | "dtype"
  | "value"
  | "disposed"
  | "engine"
  | "buffer"
  | "limit"
  | "adapter"
  | "data"
  | "wgsl"
  | "device-lost"
  | "non-finite";

/**
 * The one error class of the library. `message` reads `op: what must hold, got what`; `fix` says what to do about it.
 *
 * Errors that can be known at a call are thrown there, before anything is recorded. Those that only the device or the
 * driver can know reject the next `read()`, `item()` or `idle()`.
 */
export class ImleError extends Error {
  /** By which an error that came from elsewhere can be told, without the class. */
  override readonly name = "ImleError";

  constructor(
    /** What kind of rule was broken, for programs to tell errors apart. */
    readonly code: ImleErrorCode,
    message: string,
    /** What to do about it, as a sentence. */
    readonly fix: string,
  ) {
    super(message);
  }
}

/** Throws an {@link ImleError} unless `condition` holds; texts are made only when it does not. */
export function must(
  condition: boolean,
  code: ImleErrorCode,
  message: () => string,
  fix: string,
): asserts condition {
  if (!condition) throw new ImleError(code, message(), fix);
}

/** A shape as messages print it: `[2, 3]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** Any value as messages print it, short enough for one line. */
export function formatValue(value: unknown, depth = 0): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return value.toString();
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) {
    if (depth > 6) return "[...]";
    const shown = value.slice(0, 6).map((one) => formatValue(one, depth + 1)).join(", ");
    return `[${shown}${value.length > 6 ? `, ... ${value.length} in all` : ""}]`;
  }
  const name = (value as { constructor?: { name?: string } }).constructor?.name;
  return name && name !== "Object" ? `a ${name}` : "an object";
}
