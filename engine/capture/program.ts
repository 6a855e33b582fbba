import { type Storage, usage } from "../buffers.js";
import { encodeCopy, gridOf, type Replayable, uniformStep, uniformViewsOf } from "../commands.js";
import type { LiveUniform, UniformViews } from "../kernel.js";
import type { PipelineCache } from "../pipelines.js";
import { type Entry, storagesOf } from "./recorder.js";

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** Where its offset stands among the offsets, and how many there are: one or none. */
  readonly offset: number;
  readonly offsets: 0 | 1;
  readonly x: number;
  readonly y: number;
}

/**
 * The commands of a step, ready to be encoded again: pipelines, bind groups and uniforms are made once. All uniforms
 * lie in one buffer of its own; a replay asks the live ones again and uploads it in one piece.
 */
export class Program implements Replayable {
  readonly dispatches: number;
  readonly storages: readonly Storage[];
  readonly written: readonly Storage[];
  private readonly image: { readonly buffer: GPUBuffer; readonly bytes: Uint8Array<ArrayBuffer> } | null;
  private isUploaded = false;
  private readonly steps: (Step | Exclude<Entry, { kind: "dispatch" }>)[] = [];
  private readonly offsets: Uint32Array;
  private readonly views: UniformViews;
  private readonly live: LiveUniform[] = [];

  constructor(device: GPUDevice, pipelines: PipelineCache, entries: readonly Entry[]) {
    const used = entries.map(storagesOf);
    this.storages = [...new Set(used.flatMap(({ read, written }) => [...read, ...written]))];
    this.written = [...new Set(used.flatMap(({ written }) => written))];

    const works = entries.flatMap((entry) => (entry.kind === "dispatch" ? [entry.work] : []));
    this.dispatches = works.length;
    const slots = works.map(({ kernel }) => Math.ceil(kernel.uniformBytes / uniformStep));
    const size = uniformStep * slots.reduce((total, count) => total + count, 0);
    const bytes = new ArrayBuffer(size);
    this.views = uniformViewsOf(bytes);
    const buffer =
      size > 0
        ? device.createBuffer({ label: "captured uniforms", size, usage: usage.uniform | usage.copyDestination })
        : null;
    this.image = buffer && { buffer, bytes: new Uint8Array(bytes) };
    this.offsets = new Uint32Array(works.length);

    let base = 0;
    let dispatched = 0;
    for (const entry of entries) {
      if (entry.kind !== "dispatch") {
        this.steps.push(entry);
        continue;
      }
      const { kernel, buffers, uniforms = {}, workgroups } = entry.work;
      const [x, y] = gridOf(workgroups);
      const offset = dispatched++;
      this.offsets[offset] = base;
      kernel.writeUniforms(uniforms, this.views, base);
      this.live.push(...kernel.liveUniforms(uniforms, base));
      base += uniformStep * slots[offset]!;
      const bound = pipelines.bindOnce(kernel, buffers, buffer);
      this.steps.push({ ...bound, offset, offsets: kernel.uniformBytes > 0 ? 1 : 0, x, y });
    }
  }

  get uniforms(): Replayable["uniforms"] {
    if (this.isUploaded && this.live.length === 0) return null;
    this.isUploaded = true;
    for (const { view, index, value } of this.live) this.views[view][index] = value();
    return this.image;
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
      pass.dispatchWorkgroups(step.x, step.y);
    }
    pass?.end();
  }

  dispose(): void {
    this.image?.buffer.destroy();
  }
}
