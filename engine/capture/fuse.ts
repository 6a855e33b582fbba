import type { Storage } from "../buffers.js";
import type { Dispatch } from "../commands.js";
import { requiredLimits } from "../device.js";
import type { Engine } from "../engine.js";
import { elementDispatch, type Elements, type ElementWork, type NumberOperand } from "../ops/map.js";
import { sameShape } from "../shape.js";
import { type Entry, type Recorder, storagesOf } from "./recorder.js";

type Operands = Record<string, Elements | NumberOperand>;
type Elementwise = Dispatch & { readonly elements: ElementWork };

/** Values of a joined kernel at most: longer chains compile slowly and gain no more. */
const mostValues = 24;

/**
 * Joins chains of elementwise operations: one whose result is read by a single elementwise operation, and by nobody
 * after the step, is computed in that one, by the same expression. Its operands must still be what they were.
 *
 * @returns the commands that are left, in order
 */
export function fuseChains(engine: Engine, { entries, made }: Recorder): Entry[] {
  const commands: (Entry | null)[] = [...entries];
  const readers = new Map<Storage, number[]>();
  const writers = new Map<Storage, number[]>();
  entries.forEach((entry, index) => {
    const { read, written } = storagesOf(entry);
    for (const storage of new Set(read)) listed(readers, storage).push(index);
    for (const storage of new Set(written)) listed(writers, storage).push(index);
  });
  const changedBetween = (storage: Storage, first: number, last: number): boolean => {
    const changed = (index: number): boolean => index > first && index < last;
    // Two wraps of a host's buffer are two storages.
    if (storage.external) return [...writers].some(([other, places]) => other.external && places.some(changed));
    return (writers.get(storage) ?? []).some(changed);
  };

  entries.forEach((_, index) => {
    for (let work = elementwise(commands[index]); work; ) {
      const consumer: Elementwise = work;
      work = null;
      for (const operand of Object.values(consumer.elements.operands)) {
        if ("value" in operand) continue;
        const { storage } = operand.slice;
        const [source, ...others] = writers.get(storage) ?? [];
        if (source === undefined || others.length > 0 || !made.has(storage) || storage.references > 0) continue;
        if (readers.get(storage)!.length > 1) continue;
        const producer = elementwise(commands[source]);
        if (!producer || !canJoin(producer.elements, consumer.elements, storage)) continue;
        const inputs = elementsOf(producer.elements);
        if (inputs.some(({ slice }) => changedBetween(slice.storage, source, index))) continue;
        const joined = join(producer.elements, consumer.elements, storage);
        if (elementsOf(joined).length >= requiredLimits.maxStorageBuffersPerShaderStage) continue;
        work = elementDispatch(engine, joined, consumer.buffers["result"]!) as Elementwise;
        commands[source] = null;
        commands[index] = { kind: "dispatch", work };
        break;
      }
    }
  });
  return commands.filter((entry) => entry !== null);
}

function elementwise(entry: Entry | null | undefined): Elementwise | null {
  return entry?.kind === "dispatch" && entry.work.elements ? (entry.work as Elementwise) : null;
}

function listed(map: Map<Storage, number[]>, storage: Storage): number[] {
  let list = map.get(storage);
  if (!list) map.set(storage, (list = []));
  return list;
}

function elementsOf({ operands }: ElementWork): Elements[] {
  return Object.values(operands).filter((operand) => "slice" in operand);
}

/** Whether the consumer can compute the producer's element beside its own: the same index, the same types. */
function canJoin(producer: ElementWork, consumer: ElementWork, storage: Storage): boolean {
  const types = [producer.dtype, producer.resultDtype, consumer.dtype, consumer.resultDtype];
  if (types.some((dtype) => dtype !== "f32")) return false;
  if (producer.values.length + consumer.values.length + 1 > mostValues) return false;
  const size = consumer.shape.reduce((product, length) => product * length, 1);
  const reads = elementsOf(consumer).filter(({ slice }) => slice.storage === storage);
  if (reads.some((read) => read.size !== size)) return false;
  const broadcasts = elementsOf(producer).some((read) => read.size !== size && read.size !== 1);
  return !broadcasts || sameShape(producer.shape, consumer.shape);
}

/** The consumer with the producer's value computed first; every name gets a new one, so that none means two things. */
function join(producer: ElementWork, consumer: ElementWork, storage: Storage): ElementWork {
  const operands: Operands = {};
  const values: { name: string; expression: string }[] = [];
  let used = 0;
  const nameOf = (operand: Elements | NumberOperand): string => {
    for (const [name, other] of Object.entries(operands)) if (isSame(operand, other)) return name;
    const name = `p${used++}`;
    operands[name] = operand;
    return name;
  };
  const add = (work: ElementWork, made: string | null): string => {
    const names = new Map<string, string>();
    for (const [name, operand] of Object.entries(work.operands)) {
      const isMade = made !== null && "slice" in operand && operand.slice.storage === storage;
      names.set(name, isMade ? made : nameOf(operand));
    }
    for (const value of work.values) {
      const name = `v${values.length}`;
      values.push({ name, expression: renamed(value.expression, names) });
      names.set(value.name, name);
    }
    return renamed(work.expression, names);
  };
  const expression = add(producer, null);
  const made = `v${values.length}`;
  values.push({ name: made, expression });
  const final = add(consumer, made);
  const { dtype, resultDtype, shape } = consumer;
  const label = `${producer.label}, ${consumer.label}`;
  return { label, values, expression: final, dtype, resultDtype, operands, shape };
}

function isSame(a: Elements | NumberOperand, b: Elements | NumberOperand): boolean {
  if ("value" in a || "value" in b) return false;
  return a.slice.storage === b.slice.storage && a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function renamed(expression: string, names: ReadonlyMap<string, string>): string {
  return expression.replace(/\b[A-Za-z_]\w*\b/g, (word) => names.get(word) ?? word);
}
