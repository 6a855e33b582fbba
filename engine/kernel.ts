import { compose, type Composed, type Piece } from "./compose.js";
import { ImleError } from "./error.js";

/** One `@group(0) @binding(n)` variable of a kernel, read from its WGSL. */
export interface Binding {
  readonly binding: number;
  readonly name: string;
  /** `uniforms` is the struct that the host fills at each dispatch; `constant` a buffer bound as `var<uniform>`. */
  readonly kind: "uniforms" | "constant" | "read" | "read_write";
}

interface UniformField {
  readonly name: string;
  readonly kind: "u32" | "i32" | "f32";
  readonly offset: number;
  readonly length: number;
}

/**
 * A number, or one that is live: asked for when the kernel is recorded, and again at every replay of a captured step.
 */
export type UniformNumber = number | (() => number);

/** A value of one field of a kernel's `Uniforms`: a number, or several for vectors and arrays of vectors. */
export type UniformValue = UniformNumber | readonly UniformNumber[];

/** Buffers of uniforms as each type sees them. */
export interface UniformViews {
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
}

/** A live number, and the word that it goes to. */
export interface LiveUniform {
  readonly view: keyof UniformViews;
  readonly index: number;
  readonly value: () => number;
}

const bindingPattern = /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage)(?:\s*,\s*(read_write|read))?>\s*(\w+)/g;
const uniformsPattern = /struct\s+Uniforms\s*\{([^}]*)\}/;
const fieldPattern = /^(\w+)\s*:\s*(?:(u32|i32|f32)|vec4([uif])|array<\s*vec4([uif])\s*,\s*(\d+)u?\s*>)$/;
const vectorKinds = { u: "u32", i: "i32", f: "f32" } as const;

/**
 * A composed kernel: WGSL text, and what the host must know to call it, read from that text so that it is said once.
 * Every kernel has one entry point, `main`; its uniforms, if any, are `var<uniform>` of a `struct Uniforms` made of
 * u32, i32, f32, vec4 of these, or arrays of such vec4.
 */
export class Kernel {
  readonly composed: Composed;
  readonly bindings: readonly Binding[];
  /** The bindings that a dispatch gives buffers for. */
  readonly bufferBindings: readonly Binding[];
  /** Bytes of the `Uniforms` struct, 0 where there is none. */
  readonly uniformBytes: number;
  private readonly fields: readonly UniformField[];

  constructor(
    /** Names the kernel in errors, profilers and GPU debuggers. */
    readonly label: string,
    pieces: readonly Piece[],
  ) {
    this.composed = compose(pieces);
    const code = this.composed.code.replace(/\/\/[^\n]*/g, "");
    this.bindings = [...code.matchAll(bindingPattern)].map((match) => ({
      binding: Number(match[1]),
      name: match[4]!,
      kind: kindOf(match[2]!, match[3], match[4]!),
    }));
    this.bufferBindings = this.bindings.filter(({ kind }) => kind !== "uniforms");
    const { fields, bytes } = parseUniforms(label, uniformsPattern.exec(code)?.[1] ?? "");
    this.fields = fields;
    this.uniformBytes = bytes;
  }

  /** Writes the uniforms by name, beginning at `base` bytes of both views of one buffer. */
  writeUniforms(
    values: Readonly<Record<string, UniformValue>>,
    views: UniformViews,
    base: number,
  ): void {
    for (const field of this.fields) {
      const value = values[field.name];
      const view = views[field.kind];
      const start = (base + field.offset) >> 2;
      if (typeof value === "number") view[start] = value;
      else if (typeof value === "function") view[start] = value();
      else if (value === undefined) throw new Error(`${this.label}: no value for the uniform ${field.name}`);
      else {
        for (let i = 0; i < field.length; i++) {
          const element = value[i] ?? 0;
          view[start + i] = typeof element === "number" ? element : element();
        }
      }
    }
  }

  /** The live numbers among the uniforms, which begin at `base` bytes. */
  liveUniforms(values: Readonly<Record<string, UniformValue>>, base: number): LiveUniform[] {
    return this.fields.flatMap(({ name, kind, offset }) => {
      const value = values[name]!;
      const numbers = typeof value === "object" ? value : [value];
      return numbers.flatMap((number, i) =>
        typeof number === "function" ? [{ view: kind, index: ((base + offset) >> 2) + i, value: number }] : [],
      );
    });
  }
}

function kindOf(space: string, access: string | undefined, name: string): Binding["kind"] {
  if (space === "uniform") return name === "uniforms" ? "uniforms" : "constant";
  return access === "read_write" ? "read_write" : "read";
}

function parseUniforms(label: string, body: string): { fields: UniformField[]; bytes: number } {
  const fields: UniformField[] = [];
  let offset = 0;
  let alignment = 4;
  for (const declaration of splitFields(body)) {
    const match = fieldPattern.exec(declaration);
    if (!match) {
      throw new ImleError(
        "wgsl",
        `${label}: a field of Uniforms must be u32, i32, f32, vec4 or array<vec4, n>, got ${declaration}`,
        "Use one of these types.",
      );
    }
    const [, name, scalar, vector, arrayVector, count] = match;
    const letter = vector ?? arrayVector;
    const kind = (scalar ?? vectorKinds[letter as "u" | "i" | "f"]) as UniformField["kind"];
    const length = scalar ? 1 : 4 * Number(count ?? 1);
    if (!scalar) {
      alignment = 16;
      offset = Math.ceil(offset / 16) * 16;
    }
    fields.push({ name: name!, kind, offset, length });
    offset += 4 * length;
  }
  return { fields, bytes: Math.ceil(offset / alignment) * alignment };
}

/** Splits at commas that are not inside `array<vec4u, 2>`. */
function splitFields(body: string): string[] {
  const fields: string[] = [];
  let depth = 0;
  let current = "";
  for (const character of body) {
    if (character === "<") depth++;
    if (character === ">") depth--;
    if (character === "," && depth === 0) {
      fields.push(current.trim());
      current = "";
    } else current += character;
  }
  fields.push(current.trim());
  return fields.filter((field) => field !== "");
}
