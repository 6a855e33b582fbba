import type { BufferPool, Storage } from "../buffers.js";
import type { Slice } from "../commands.js";
import { type Entry, type Recorder, storagesOf } from "./recorder.js";

/**
 * Gives the storages that a step made their buffers, from the pool. What the step leaves (results, gradients) gets a
 * buffer of its own; of the others, those that are not needed at the same time share one.
 *
 * @param owned takes the storages that got a buffer; each is held once, for the step
 * @returns the commands on these storages
 */
export function placeStorages(
  entries: readonly Entry[],
  { made }: Recorder,
  pool: BufferPool,
  owned: Storage[],
): Entry[] {
  const own = (storage: Storage): void => {
    pool.place(storage);
    owned.push(storage);
  };
  const last = new Map<Storage, number>();
  entries.forEach((entry, index) => {
    for (const storage of everyStorage(entry)) if (made.has(storage)) last.set(storage, index);
  });
  for (const storage of made) {
    if (storage.references === 0) continue;
    own(storage);
    storage.references++;
    last.delete(storage);
  }

  const places = new Map<Storage, Storage>();
  const free = new Map<string, Storage[]>();
  const keyOf = ({ capacity, usage }: Storage): string => `${capacity}:${usage}`;
  return entries.map((entry, index) => {
    const used = new Set(everyStorage(entry));
    for (const storage of used) {
      if (!last.has(storage) || places.has(storage)) continue;
      let place = free.get(keyOf(storage))?.pop();
      if (!place) {
        own((place = storage));
        storage.references = 1;
      }
      places.set(storage, place);
    }
    const moved = moveEntry(entry, places);
    for (const storage of used) {
      if (last.get(storage) !== index) continue;
      const key = keyOf(storage);
      free.set(key, [...(free.get(key) ?? []), places.get(storage)!]);
    }
    return moved;
  });
}

function everyStorage(entry: Entry): readonly Storage[] {
  const { read, written } = storagesOf(entry);
  return [...read, ...written];
}

function moveEntry(entry: Entry, places: ReadonlyMap<Storage, Storage>): Entry {
  const move = ({ storage, bytes }: Slice): Slice => ({ storage: places.get(storage) ?? storage, bytes });
  if (entry.kind === "clear") return { ...entry, target: move(entry.target) };
  if (entry.kind === "copy") {
    const { source, target } = entry;
    if (!("storage" in target)) return { ...entry, source: move(source) };
    const storage = places.get(target.storage) ?? target.storage;
    return { ...entry, source: move(source), target: { storage, offset: target.offset } };
  }
  const buffers = Object.entries(entry.work.buffers).map(([name, slice]) => [name, move(slice)] as const);
  return { kind: "dispatch", work: { ...entry.work, buffers: Object.fromEntries(buffers) } };
}
