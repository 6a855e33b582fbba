import { type Storage, usage } from "../buffers.js";
import { encodeCopy, encodeDispatch, type Replayable } from "../commands.js";
import type { LiveUniform, UniformViews } from "../kernel.js";
import { uniformBytesOf, uniformViewsOf } from "../uniforms.js";
import type { CaptureHost } from "./capture.js";
import { type Entry, storagesOf } from "./recorder.js";

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** Where its offset stands among the offsets, and how many there are: one or none. */
  readonly offset: number;
  readonly offsets: 0 | 1;
  readonly workgroups: number;
}

/**
 * The commands of a step, ready to be encoded again: pipelines, bind groups and uniforms are made once. All uniforms
 * lie in one buffer of its own, and those with live numbers at its start: they alone go there again at each replay.
 */
export class Program implements Replayable {
  readonly dispatches: number;
  readonly storages: readonly Storage[];
  readonly written: readonly Storage[];
  private readonly steps: (Step | Exclude<Entry, { kind: "dispatch" }>)[] = [];
  private readonly offsets: Uint32Array;
  private readonly live: readonly LiveUniform[];
  private readonly views: UniformViews;
  private readonly liveImage: Replayable["liveUniforms"];

  /** @param owned takes the storage of the uniforms, which is held once, for the step */
  constructor({ engine, pool, pipelines }: CaptureHost, entries: readonly Entry[], owned: Storage[]) {
    const works = entries.flatMap((entry) => (entry.kind === "dispatch" ? [entry.work] : []));
    this.dispatches = works.length;
    const isLive = works.map(({ kernel, uniforms = {} }) => kernel.liveUniforms(uniforms, 0).length > 0);
    this.offsets = new Uint32Array(works.length);
    let size = 0;
    let liveSize = 0;
    for (const wanted of [true, false]) {
      works.forEach(({ kernel }, index) => {
        if (isLive[index] !== wanted) return;
        this.offsets[index] = size;
        size += uniformBytesOf(kernel.uniformBytes);
        if (wanted) liveSize = this.offsets[index]! + kernel.uniformBytes;
      });
    }
    const bytes = new Uint8Array(size);
    this.views = uniformViewsOf(bytes.buffer);
    works.forEach(({ kernel, uniforms = {} }, i) => kernel.writeUniforms(uniforms, this.views, this.offsets[i]!));
    this.live = works.flatMap(({ kernel, uniforms = {} }, i) => kernel.liveUniforms(uniforms, this.offsets[i]!));
    const image = size > 0 ? pool.acquire("capture", size, usage.uniform, engine.commands.serial) : null;
    if (image) {
      owned.push(image);
      engine.commands.upload(image, bytes);
    }
    this.liveImage = image && liveSize > 0 ? { buffer: image.buffer, bytes: bytes.subarray(0, liveSize) } : null;

    const used = entries.map(storagesOf);
    const storages = new Set(used.flatMap(({ read, written }) => [...read, ...written]));
    this.storages = image ? [...storages, image] : [...storages];
    this.written = [...new Set(used.flatMap(({ written }) => written))];

    let offset = 0;
    for (const entry of entries) {
      if (entry.kind !== "dispatch") {
        this.steps.push(entry);
        continue;
      }
      const { kernel, buffers, workgroups } = entry.work;
      const bound = pipelines.bindOnce(kernel, buffers, image?.buffer ?? null);
      this.steps.push({ ...bound, offset: offset++, offsets: kernel.uniformBytes > 0 ? 1 : 0, workgroups });
    }
  }

  get liveUniforms(): Replayable["liveUniforms"] {
    for (const { view, index, value } of this.live) this.views[view][index] = value();
    return this.liveImage;
  }

  encode(encoder: GPUCommandEncoder): void {
    let pass: GPUComputePassEncoder | null = null;
    let current: GPUComputePipeline | null = null;
    for (const step of this.steps) {
      if ("kind" in step) {
        pass?.end();
        pass = current = null;
        if (step.kind === "copy") encodeCopy(encoder, step.source, step.target);
        else encoder.clearBuffer(step.target.storage.buffer, step.target.storage.offset, step.target.bytes);
        continue;
      }
      pass ??= encoder.beginComputePass();
      if (step.pipeline !== current) pass.setPipeline((current = step.pipeline));
      pass.setBindGroup(0, step.group, this.offsets, step.offset, step.offsets);
      encodeDispatch(pass, step.workgroups);
    }
    pass?.end();
  }
}
