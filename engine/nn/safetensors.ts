import { formatShape, formatValue, must } from "../error.js";
import { sizeOf } from "../shape.js";
import type { DType, TypedArrayOf } from "../tensor.js";

/** A tensor on the host, as a file holds it. */
export interface StoredTensor {
  /** The file's own name of the element type: F32, BF16, I64, … */
  readonly storedAs: string;
  /** What it becomes here: floats f32, signed whole numbers i32, unsigned ones and truth values u32. */
  readonly dtype: DType;
  /** Row-major. */
  readonly shape: readonly number[];
  /**
   * The elements, converted: F64 is rounded to f32.
   * @throws ImleError `data` where a 64-bit whole number does not fit 32 bits
   */
  readonly read: () => TypedArrayOf[DType];
}

/** What a safetensors file holds. */
export interface Safetensors {
  /** By name, in the order of the file's header. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Texts by name: the header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Format {
  readonly bytes: number;
  readonly dtype: DType;
  readonly read: (view: DataView, at: number) => number;
}

/** 64-bit whole numbers must fit 32. */
const narrowed = (value: bigint, low: bigint, high: bigint): number => {
  must(
    value >= low && value <= high,
    "data",
    () => `safetensors: 64-bit whole numbers must fit 32 bits, got ${value}`,
    "Convert the tensor before it is saved.",
  );
  return Number(value);
};

const formats: Readonly<Record<string, Format>> = {
  F64: { bytes: 8, dtype: "f32", read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, dtype: "f32", read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, dtype: "f32", read: (view, at) => fromHalf(view.getUint16(at, true)) },
  BF16: { bytes: 2, dtype: "f32", read: (view, at) => fromBrain(view.getUint16(at, true)) },
  I64: {
    bytes: 8,
    dtype: "i32",
    read: (view, at) => narrowed(view.getBigInt64(at, true), -(2n ** 31n), 2n ** 31n - 1n),
  },
  I32: { bytes: 4, dtype: "i32", read: (view, at) => view.getInt32(at, true) },
  I16: { bytes: 2, dtype: "i32", read: (view, at) => view.getInt16(at, true) },
  I8: { bytes: 1, dtype: "i32", read: (view, at) => view.getInt8(at) },
  U64: { bytes: 8, dtype: "u32", read: (view, at) => narrowed(view.getBigUint64(at, true), 0n, 2n ** 32n - 1n) },
  U32: { bytes: 4, dtype: "u32", read: (view, at) => view.getUint32(at, true) },
  U16: { bytes: 2, dtype: "u32", read: (view, at) => view.getUint16(at, true) },
  U8: { bytes: 1, dtype: "u32", read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, dtype: "u32", read: (view, at) => view.getUint8(at) },
};

const storedAs = { f32: "F32", i32: "I32", u32: "U32" } as const;
const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;
/** The Python library reads no longer headers. */
const longestHeader = 100_000_000;

/**
 * A file of tensors in the safetensors format: 8 bytes that tell the length of the header (little-endian), the header in
 * JSON, and the elements. The Python library `safetensors` reads it.
 *
 * @throws ImleError `value` where a name or a text cannot be written
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<
    string,
    { readonly dtype: DType; readonly shape: readonly number[]; readonly bytes: ArrayBuffer }
  >,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = Object.create(null);
  const texts = Object.entries(metadata);
  for (const [name, text] of texts) {
    must(
      typeof text === "string",
      "value",
      () => `safetensors: metadata must be texts, got ${formatValue(text)} for ${formatValue(name)}`,
      "Write numbers and objects with JSON.stringify.",
    );
  }
  if (texts.length > 0) header["__metadata__"] = Object.fromEntries(texts);
  let size = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    must(
      name !== "__metadata__",
      "value",
      () => "safetensors: a tensor's name must not be __metadata__, which the format keeps for itself, got it",
      "Rename the tensor.",
    );
    header[name] = { dtype: storedAs[dtype], shape, data_offsets: [size, size + bytes.byteLength] };
    size += bytes.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + size).fill(0x20, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(text, 8);
  let at = start;
  for (const { bytes } of tensors.values()) {
    file.set(new Uint8Array(bytes), at);
    at += bytes.byteLength;
  }
  return file;
}

/**
 * What a file in the safetensors format holds; nothing is copied until a tensor is read.
 *
 * @throws ImleError `data` where the file is truncated or malformed
 */
export function decodeSafetensors(file: Uint8Array | ArrayBuffer): Safetensors {
  const bytes = file instanceof ArrayBuffer ? new Uint8Array(file) : file;
  must(
    bytes instanceof Uint8Array,
    "value",
    () => `safetensors: the file must be a Uint8Array or an ArrayBuffer, got ${formatValue(file)}`,
    "Read the file as bytes.",
  );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  requireFormat(
    bytes.length >= 8,
    () => `the file must begin with the 8 bytes of its header's length, got ${bytes.length}`,
  );
  const headerLength = view.getBigUint64(0, true);
  requireFormat(
    headerLength <= longestHeader && 8 + Number(headerLength) <= bytes.length,
    () => `the header must fit the file of ${bytes.length} bytes, and 100 MB, got a length of ${headerLength}`,
  );
  const start = 8 + Number(headerLength);
  const header = parseHeader(bytes.subarray(8, start));
  const metadata = header.get("__metadata__") ?? {};
  requireFormat(
    isObject(metadata) && Object.values(metadata).every((text) => typeof text === "string"),
    () => `__metadata__ must be an object of texts, got ${formatValue(metadata)}`,
  );
  header.delete("__metadata__");
  const entries = [...header].map(([name, entry]) => parseEntry(name, entry));
  let end = 0;
  for (const { name, offsets } of [...entries].sort(
    (a, b) => a.offsets[0] - b.offsets[0] || a.offsets[1] - b.offsets[1],
  )) {
    requireFormat(
      offsets[0] === end,
      () => `each tensor must begin where the one before ends, at ${end}, got ${offsets[0]} for ${formatValue(name)}`,
    );
    end = offsets[1];
  }
  requireFormat(
    start + end === bytes.length,
    () => `the tensors must fill the file's ${bytes.length - start} bytes after the header, got ${end}`,
  );
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, offsets } of entries) {
    const format = formats[dtype]!;
    const read = (): TypedArrayOf[DType] => {
      const first = start + offsets[0];
      if (storedAs[format.dtype] === dtype) {
        return new arrays[format.dtype](bytes.slice(first, start + offsets[1]).buffer as ArrayBuffer);
      }
      const elements = new arrays[format.dtype]((offsets[1] - offsets[0]) / format.bytes);
      for (let i = 0; i < elements.length; i++) elements[i] = format.read(view, first + i * format.bytes);
      return elements;
    };
    tensors.set(name, { storedAs: dtype, dtype: format.dtype, shape, read });
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function parseHeader(bytes: Uint8Array): Map<string, unknown> {
  let header: unknown;
  let problem = "something else";
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  requireFormat(isObject(header), () => `the header must be an object in JSON, got ${problem}`);
  return new Map(Object.entries(header as object));
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offsets: readonly [number, number];
}

function parseEntry(name: string, entry: unknown): Entry {
  const called = formatValue(name);
  requireFormat(isObject(entry), () => `the entry of ${called} must be an object, got ${formatValue(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  requireFormat(
    typeof dtype === "string" && Object.hasOwn(formats, dtype),
    () => `the dtype of ${called} must be one of ${Object.keys(formats).join(", ")}, got ${formatValue(dtype)}`,
  );
  requireFormat(isSizes(shape), () => `the shape of ${called} must be whole numbers from 0, got ${formatValue(shape)}`);
  const bytes = sizeOf(shape as number[]) * formats[dtype as string]!.bytes;
  requireFormat(
    isSizes(offsets) && offsets.length === 2 && offsets[1]! - offsets[0]! === bytes,
    () =>
      `the offsets of ${called} must be two whole numbers that span the ${bytes} bytes of ${dtype} ` +
      `${formatShape(shape as number[])}, got ${formatValue(offsets)}`,
  );
  return { name, dtype: dtype as string, shape: shape as number[], offsets: offsets as unknown as [number, number] };
}

function requireFormat(holds: boolean, message: () => string): void {
  must(
    holds,
    "data",
    () => `safetensors: ${message()}`,
    "Check that the file is whole, and in the safetensors format.",
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

/** IEEE half precision: 1 sign bit, 5 of the exponent, 10 of the fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** The upper half of an f32. */
function fromBrain(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}
