import { Storage, usage } from "./buffers.js";
import { formatShape, formatValue, must } from "./error.js";
import { sizeOf } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** The storage of a tensor that lies in a host's buffer, `offset` bytes from its start; see {@link Engine.wrap}. */
export function storageIn(buffer: GPUBuffer, offset: number, shape: readonly number[]): Storage {
  requireBuffer("wrap", buffer);
  must(
    (buffer.usage & usage.storage) !== 0,
    "buffer",
    () => `wrap: the buffer must have the usage STORAGE, got usage ${buffer.usage}`,
    "Create it with GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC.",
  );
  must(
    Number.isInteger(offset) && offset >= 0 && offset % 256 === 0,
    "buffer",
    () => `wrap: offset must be a multiple of 256, got ${formatValue(offset)}`,
    "Align the data in the buffer to 256 bytes.",
  );
  const bytes = 4 * sizeOf(shape);
  must(
    offset + bytes <= buffer.size,
    "buffer",
    () => `wrap: shape ${formatShape(shape)} at offset ${offset} must fit the buffer of ${buffer.size} bytes, got ${bytes}`,
    "Use a larger buffer or a smaller shape.",
  );
  const capacity = Math.floor((buffer.size - offset) / 4) * 4;
  return new Storage(buffer, offset, capacity, buffer.usage, true);
}

/** Copies a tensor's elements into a host's buffer; see {@link Tensor.copyTo}. */
export function copyTo(tensor: Tensor, buffer: GPUBuffer, offset: number): void {
  const source = tensor.slice("copyTo");
  requireBuffer("copyTo", buffer);
  must(
    typeof offset === "number" && offset >= 0 && offset % 4 === 0 && offset + source.bytes <= buffer.size,
    "buffer",
    () => `copyTo: ${source.bytes} bytes at a multiple of 4 must fit a buffer of ${buffer.size}, got offset ${formatValue(offset)}`,
    "Use a larger buffer or a smaller offset.",
  );
  must(
    (buffer.usage & usage.copyDestination) !== 0,
    "buffer",
    () => "copyTo: the buffer must have the usage COPY_DST, got one without",
    "Create it with GPUBufferUsage.COPY_DST.",
  );
  tensor.engine.commands.copy(source, { buffer, offset });
}

function requireBuffer(operation: string, buffer: GPUBuffer): void {
  must(
    typeof buffer?.usage === "number" && typeof buffer.size === "number",
    "buffer",
    () => `${operation}: the first argument must be a GPUBuffer, got ${formatValue(buffer)}`,
    "Pass a buffer of this engine's device.",
  );
}
