import source from "../../kernels/map.wgsl";
import stable from "../../kernels/lib/stable.wgsl";
import { type Dispatch, holdsElements, holdsVectors, type Slice } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import type { Engine } from "../engine.js";
import type { UniformValue } from "../kernel.js";
import { sizeOf } from "../shape.js";
import type { DType, Tensor } from "../tensor.js";
import { isTensor } from "./arguments.js";

/** What an expression reads: a tensor, broadcast to the result's shape; or a number, of the expression's own dtype. */
export type Operand = Tensor | number | { readonly value: number; readonly dtype: DType };

/**
 * One elementwise computation, in one dispatch.
 *
 * The expression is WGSL over the operands' names, for scalars and for vectors of four alike: `T` is the type of the
 * elements, `R` of the result, `F`, `I` and `U` those of f32, i32 and u32; `element` is the index as a U. The
 * functions of kernels/lib/stable.wgsl are there.
 */
export interface ElementMap {
  /** Names the kernel; one label has one expression. */
  readonly label: string;
  readonly expression: string;
  /** Type of numbers among the operands, and `T`. */
  readonly dtype: DType;
  readonly operands: Readonly<Record<string, Operand>>;
  readonly shape: readonly number[];
  /** Type of the result, `dtype` by default. */
  readonly resultDtype?: DType;
}

/** How an operand's index comes from the result's. */
type Access = "number" | "same" | "one" | "repeat" | "spread" | "strided";

interface Plan {
  readonly access: Access;
  readonly dtype: DType;
  /** Elements of the result that share one of the operand, side by side. */
  readonly divisor: number;
  /** Elements of the operand. */
  readonly period: number;
  /** Steps for each axis of the result, outermost first. */
  readonly strides: readonly number[];
}

/** Elements on the device, as an expression reads them. */
export interface Elements {
  readonly slice: Slice;
  readonly shape: readonly number[];
  readonly size: number;
  readonly dtype: DType;
}

/** A named number of an expression. */
export interface NumberOperand {
  readonly value: number;
  readonly dtype: DType;
}

/**
 * What a kernel of this file computes, kept beside its dispatch so that a captured step can join several into one
 * (engine/capture/fuse.ts): values by name, each of an expression over the operands and the values before it, and then
 * the result.
 */
export interface ElementWork {
  readonly label: string;
  readonly values: readonly { readonly name: string; readonly expression: string }[];
  readonly expression: string;
  readonly dtype: DType;
  readonly resultDtype: DType;
  readonly operands: Readonly<Record<string, Elements | NumberOperand>>;
  readonly shape: readonly number[];
}

const lanes = 64;
/**
 * Elements, or vectors of four, that a lane of a processor takes where there are many: a block of neighbours, so that a
 * place is held within its buffer once a block and not once a vector. A copy of 16 MiB takes 0.55 (SwiftShader, where
 * that is a division) and 0.95 (lavapipe) of the time that it takes by four single vectors a lane.
 *
 * What is left of exp(2·tanh(log(|x| + 1))) of 2²² on lavapipe is arithmetic: in copies, log takes 0.35, tanh 0.31 (its
 * division 0.10, its clamp 0.05), exp 0.24. Uniforms that were loaded for each vector anew took 0.15, until a block let
 * the compiler share them. Multiply-adds written as fma and comparisons for the clamp change nothing; loading two
 * vectors before computing either takes 0.03 off there, and costs SwiftShader a tenth; blocks of 4 or 16 are slower.
 */
const longBlock = 8;
/** From here on: below, a dispatch costs more than what blocks save, and the longer text takes longer to compile. */
const leastForBlocks = 1 << 13;
const stableNames = /\b(log1p|expm1|sigmoid|hyperbolic_tangent|softplus|gelu_slope|power|log_of_part)\(/;
const families = { f32: "F", i32: "I", u32: "U" } as const;

/** A new tensor of the expression's values; nothing is recorded on the tape. */
export function mapElements(engine: Engine, map: ElementMap): Tensor {
  const { label, expression, dtype, shape, resultDtype = dtype } = map;
  const result = engine.output(label, shape, resultDtype);
  if (result.size === 0) return result;
  const operands: Record<string, Elements | NumberOperand> = {};
  for (const [name, operand] of Object.entries(map.operands)) {
    if (typeof operand === "number") operands[name] = { value: operand, dtype };
    else if (!isTensor(operand)) operands[name] = operand;
    else {
      operands[name] = {
        slice: operand.slice(label),
        shape: operand.shape,
        size: operand.size,
        dtype: operand.dtype,
      };
    }
  }
  const work = { label, values: [], expression, dtype, resultDtype, operands, shape };
  engine.dispatch(elementDispatch(engine, work, result.slice(label)));
  return result;
}

/** The dispatch that computes an expression's values; there must be some. */
export function elementDispatch(engine: Engine, work: ElementWork, result: Slice): Dispatch {
  const { label, dtype, operands, shape, resultDtype } = work;
  const size = sizeOf(shape);
  const names = Object.keys(operands);
  const plans: Plan[] = [];
  const buffers: Record<string, Slice> = { result };
  const blockwise = [result];
  let width: 1 | 4 = 4;
  for (const name of names) {
    const operand = operands[name]!;
    const plan = planOperand(operand, shape, size);
    plans.push(plan);
    if ("value" in operand) continue;
    buffers[`${name}_data`] = operand.slice;
    if (plan.access === "same") blockwise.push(operand.slice);
    if (!readsVectors(plan, shape, operand.slice)) width = 1;
  }

  const isStrided = plans.some(({ access }) => access === "strided");
  const results = Math.ceil(size / width);
  const inBlocks = (slice: Slice): boolean => holdsElements(slice, longBlock * width * 4);
  const isLong = engine.software && results >= leastForBlocks && blockwise.every(inBlocks);
  const turns = isLong ? longBlock : 1;
  const count = Math.ceil(results / turns);
  const uniforms: Record<string, UniformValue> = { count };
  if (isStrided) uniforms["lengths"] = inVectors(shape, width).reverse();
  let variant = `${dtype}:${resultDtype}:${width}:${turns}:${isStrided ? shape.length : ""}`;
  names.forEach((name, index) => {
    const plan = plans[index]!;
    const operand = operands[name]!;
    const isVector = width === 1 || isVectorAccess(plan);
    variant += `:${plan.access}${isVector ? "" : "*"}${plan.dtype === dtype ? "" : plan.dtype}`;
    if (plan.access === "number") {
      uniforms[name] = (operand as NumberOperand).value;
    } else if (plan.access === "repeat") uniforms[`${name}_period`] = plan.period / width;
    else if (plan.access === "spread") {
      uniforms[`${name}_divisor`] = plan.divisor / width;
      uniforms[`${name}_period`] = plan.period;
    } else if (plan.access === "strided") {
      const vectors = width === 4 && isVector;
      const steps = plan.strides.map((stride, axis) =>
        vectors ? (axis === shape.length - 1 ? stride : stride / 4) : stride,
      );
      uniforms[`${name}_strides`] = steps.reverse();
    }
  });
  return {
    kernel: engine.kernel(
      `${identityOf(work)}:${variant}`,
      () => pieces(work, names, plans, width, turns),
      label,
    ),
    buffers,
    uniforms,
    workgroups: Math.ceil(count / lanes),
    elements: work,
  };
}

/** One label has one expression, save where several were joined. */
function identityOf({ label, values, expression, operands }: ElementWork): string {
  if (values.length === 0) return label;
  const texts = values.map((value) => `${value.name} = ${value.expression}`);
  return [label, Object.keys(operands).join(), ...texts, expression].join("; ");
}

function planOperand(operand: Elements | NumberOperand, shape: readonly number[], size: number): Plan {
  const { dtype } = operand;
  if ("value" in operand) return { access: "number", dtype, divisor: 1, period: 1, strides: [] };
  const own = { dtype, divisor: 1, period: operand.size, strides: [] };
  if (operand.size === size) return { access: "same", ...own };
  if (operand.size === 1) return { access: "one", ...own };
  const added = shape.length - operand.shape.length;
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = axis < added ? 1 : operand.shape[axis - added]!;
    strides[axis] = length === 1 ? 0 : stride;
    stride *= length;
  }
  // The operand's own axes, where they are neighbours in the result, are one block: index = (i / divisor) % period.
  const isOwn = (axis: number): boolean => strides[axis] !== 0;
  const long = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  const first = long.findIndex(isOwn);
  const last = long.findLastIndex(isOwn);
  if (!long.slice(first, last + 1).every(isOwn)) return { access: "strided", ...own, strides };
  const divisor = sizeOf(long.slice(last + 1).map((axis) => shape[axis]!));
  return { access: divisor === 1 ? "repeat" : "spread", ...own, divisor };
}

/** Whether four neighbours of the result read four neighbours of the operand (else they share one). */
function isVectorAccess({ access, strides }: Plan): boolean {
  return access === "same" || access === "repeat" || (access === "strided" && strides.at(-1) === 1);
}

/** Whether the kernel may compute four at a time, as far as this operand goes. */
function readsVectors(plan: Plan, shape: readonly number[], slice: Slice): boolean {
  if (isVectorAccess(plan) && !holdsVectors(slice)) return false;
  if (plan.access === "repeat") return plan.period % 4 === 0;
  if (plan.access === "spread") return plan.divisor % 4 === 0;
  return plan.access !== "strided" || shape.at(-1)! % 4 === 0;
}

/** The shape counted in vectors of `width` along the last axis. */
function inVectors(shape: readonly number[], width: number): number[] {
  return shape.map((length, axis) => (axis === shape.length - 1 ? length / width : length));
}

function pieces(
  { label, values, expression, dtype, resultDtype, shape }: ElementWork,
  names: readonly string[],
  plans: readonly Plan[],
  width: 1 | 4,
  turns: number,
): readonly Piece[] {
  const type = (of: DType): string => (width === 4 ? `vec4<${of}>` : of);
  const fields = ["count: u32"];
  const bindings: string[] = [];
  const lines: string[] = [];
  if (plans.some(({ access }) => access === "strided")) {
    fields.push("lengths: array<vec4u, 2>");
    lines.push("var rest = i;");
    shape.forEach((_, place) => {
      const length = `uniforms.lengths[${place >> 2}][${place & 3}]`;
      lines.push(`let p${place} = rest % ${length};`, `rest /= ${length};`);
    });
  }
  plans.forEach((plan, index) => {
    const name = names[index]!;
    const family = families[plan.dtype];
    if (plan.access === "number") {
      fields.push(`${name}: ${plan.dtype}`);
      lines.push(`let ${name} = ${family}(uniforms.${name});`);
      return;
    }
    const isVector = isVectorAccess(plan);
    const element = isVector ? family : plan.dtype;
    const elements = plan.access === "same" ? `array<${element}, TURNS>` : element;
    bindings.push(`@group(0) @binding(${bindings.length + 2}) var<storage, read> ${name}_data: array<${elements}>;`);
    let place = "block][turn";
    if (plan.access === "one") place = "0";
    if (plan.access === "repeat") place = `i % uniforms.${name}_period`;
    if (plan.access === "spread") place = `(i / uniforms.${name}_divisor) % uniforms.${name}_period`;
    if (plan.access === "strided") {
      fields.push(`${name}_strides: array<vec4u, 2>`);
      place = shape.map((_, p) => `p${p} * uniforms.${name}_strides[${p >> 2}][${p & 3}]`).join(" + ");
    }
    if (plan.access === "spread") fields.push(`${name}_divisor: u32`);
    if (plan.access === "spread" || plan.access === "repeat") fields.push(`${name}_period: u32`);
    lines.push(`let ${name} = ${family}(${name}_data[${place}]);`);
  });
  const element = width === 4 ? "let element = 4u * i + U(0u, 1u, 2u, 3u);" : "let element = i;";
  const expressions = [...values.map((value) => value.expression), expression].join("\n");
  if (/\belement\b/.test(expressions)) lines.push(element);
  for (const value of values) lines.push(`let ${value.name} = ${value.expression};`);
  return [
    constants({ LANES: lanes, TURNS: turns }),
    {
      name: `operands of ${label}`,
      text: [
        `alias F = ${type("f32")};`,
        `alias I = ${type("i32")};`,
        `alias U = ${type("u32")};`,
        `alias T = ${families[dtype]};`,
        `alias R = ${families[resultDtype]};`,
        `struct Uniforms { ${fields.join(", ")} }`,
        "@group(0) @binding(0) var<uniform> uniforms: Uniforms;",
        ...bindings,
        "fn apply(block: u32, turn: u32) -> R {",
        "  let i = TURNS * block + turn;",
        ...lines.map((line) => `  ${line}`),
        `  return ${expression};`,
        "}",
        "fn run(block: u32) {",
        ...Array.from({ length: turns }, (_, turn) => `  result[block][${turn}] = apply(block, ${turn}u);`),
        "}",
      ].join("\n"),
    },
    ...(stableNames.test(expressions) ? [{ name: "kernels/lib/stable.wgsl", text: stable }] : []),
    { name: "kernels/map.wgsl", text: source },
  ];
}
