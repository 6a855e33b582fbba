import type { Storage } from "./buffers.js";
import { largestElement, type Slice } from "./commands.js";
import { ImleError } from "./error.js";
import type { Kernel } from "./kernel.js";
import { locateInExcerpt } from "./naga.js";
import type { UniformPage } from "./uniforms.js";

interface Compiled {
  readonly module: GPUShaderModule;
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
  /** Its bind groups by a hash of what they name; of two with one hash the later is kept. */
  readonly groups: Map<number, BoundGroup>;
}

/** A bind group, and what it names. */
export interface BoundGroup {
  readonly compiled: Compiled;
  readonly group: GPUBindGroup;
  /** Ids of the page of uniforms and of storages, and the bytes of each that are bound. */
  readonly names: readonly number[];
  readonly hash: number;
}

const types = { uniforms: "uniform", constant: "uniform", read: "read-only-storage", read_write: "storage" } as const;
const groupsKept = 8192;

/** Compiles kernels once, and makes each bind group once. */
export class PipelineCache {
  compiledCount = 0;
  private readonly compiled = new Map<Kernel, Compiled>();
  private groupCount = 0;
  /** The names of the bind group that is being asked for. */
  private readonly names: number[] = [];

  constructor(
    private readonly device: GPUDevice,
    /** Told when a kernel turns out not to compile. */
    private readonly onError: (error: Promise<ImleError | null>) => void,
  ) {}

  /** The pipeline and the bind group of a dispatch. */
  bind(kernel: Kernel, buffers: Readonly<Record<string, Slice>>, uniforms: UniformPage): BoundGroup {
    const compiled = this.compiled.get(kernel) ?? this.compile(kernel);
    const { names } = this;
    let count = 0;
    let hash = (names[count++] = uniforms.id);
    for (const { name } of kernel.bufferBindings) {
      const slice = buffers[name];
      if (!slice) throw new Error(`${kernel.label}: no buffer for ${name}`);
      const { id } = slice.storage;
      names[count++] = id;
      names[count++] = slice.bytes;
      hash = (Math.imul(hash ^ id, 0x9e3779b1) + slice.bytes) | 0;
    }
    const known = compiled.groups.get(hash);
    if (known && startsWith(names, known.names)) return known;
    const group = this.createGroup(kernel, compiled, buffers, uniforms.buffer);
    const bound = { compiled, group, names: names.slice(0, count), hash };
    this.keepGroup(bound, buffers);
    return bound;
  }

  /** The same for a captured step, which keeps its bind groups itself. */
  bindOnce(
    kernel: Kernel,
    buffers: Readonly<Record<string, Slice>>,
    uniformBuffer: GPUBuffer | null,
  ): { pipeline: GPUComputePipeline; group: GPUBindGroup } {
    const compiled = this.compiled.get(kernel) ?? this.compile(kernel);
    return { pipeline: compiled.pipeline, group: this.createGroup(kernel, compiled, buffers, uniformBuffer) };
  }

  /** Compiles without stopping the caller. Rejects with the piece's own line where the WGSL is wrong. */
  async prepare(kernel: Kernel): Promise<void> {
    if (this.compiled.has(kernel)) return;
    this.device.pushErrorScope("validation");
    const { module, layout, descriptor } = this.describe(kernel);
    const scope = this.device.popErrorScope();
    try {
      const pipeline = await this.device.createComputePipelineAsync(descriptor);
      await scope;
      this.keep(kernel, { module, layout, pipeline });
    } catch (error) {
      const detail = (await scope)?.message ?? (error instanceof Error ? error.message : String(error));
      throw await compileError(kernel, module, detail);
    }
  }

  /** Forgets the bind groups that name a buffer which is about to go. */
  forget(storage: Storage): void {
    for (const bound of storage.boundIn) {
      const { groups } = bound.compiled;
      if (groups.get(bound.hash) !== bound) continue;
      groups.delete(bound.hash);
      this.groupCount--;
    }
    storage.boundIn.clear();
  }

  private keepGroup(bound: BoundGroup, buffers: Readonly<Record<string, Slice>>): void {
    if (this.groupCount >= groupsKept) {
      for (const { groups } of this.compiled.values()) groups.clear();
      this.groupCount = 0;
    }
    const { groups } = bound.compiled;
    if (!groups.has(bound.hash)) this.groupCount++;
    groups.set(bound.hash, bound);
    for (const { storage } of Object.values(buffers)) storage.boundIn.add(bound);
  }

  private compile(kernel: Kernel): Compiled {
    this.device.pushErrorScope("validation");
    const { module, layout, descriptor } = this.describe(kernel);
    const pipeline = this.device.createComputePipeline(descriptor);
    const scope = this.device.popErrorScope();
    const refuse = (message: string): Promise<ImleError> => {
      this.compiled.delete(kernel); // so that the next call says it again
      return compileError(kernel, module, message);
    };
    this.onError(scope.then((error) => (error ? refuse(error.message) : null)));
    return this.keep(kernel, { module, layout, pipeline });
  }

  private keep(kernel: Kernel, parts: Omit<Compiled, "groups">): Compiled {
    const compiled = { ...parts, groups: new Map() };
    this.compiledCount++;
    this.compiled.set(kernel, compiled);
    return compiled;
  }

  private describe(kernel: Kernel): {
    module: GPUShaderModule;
    layout: GPUBindGroupLayout;
    descriptor: GPUComputePipelineDescriptor;
  } {
    const { label } = kernel;
    const module = this.device.createShaderModule({ label, code: kernel.composed.code });
    const layout = this.device.createBindGroupLayout({
      label,
      entries: kernel.bindings.map(({ binding, kind }) => ({
        binding,
        visibility: 4,
        buffer: { type: types[kind], hasDynamicOffset: kind === "uniforms" },
      })),
    });
    const descriptor = {
      label,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    };
    return { module, layout, descriptor };
  }

  private createGroup(
    kernel: Kernel,
    compiled: Compiled,
    buffers: Readonly<Record<string, Slice>>,
    uniformBuffer: GPUBuffer | null,
  ): GPUBindGroup {
    const entries = kernel.bindings.map(({ binding, name, kind }) => {
      if (kind === "uniforms") return { binding, resource: { buffer: uniformBuffer!, size: kernel.uniformBytes } };
      const { storage, bytes } = buffers[name]!;
      const whole = Math.max(1, Math.ceil(bytes / largestElement)) * largestElement;
      const size = Math.min(whole, storage.capacity);
      return { binding, resource: { buffer: storage.buffer, offset: storage.offset, size } };
    });
    // A buffer of another device, or one without memory, is refused here, and the submission with it, which reports it:
    // once is enough.
    this.device.pushErrorScope("validation");
    const group = this.device.createBindGroup({ label: kernel.label, layout: compiled.layout, entries });
    void this.device.popErrorScope().catch(() => undefined);
    return group;
  }
}

/** One kernel's bind groups all have as many names. */
function startsWith(names: readonly number[], known: readonly number[]): boolean {
  for (let i = 0; i < known.length; i++) if (names[i] !== known[i]) return false;
  return true;
}

/** What the compiler said, in the lines of the piece that its author wrote. */
async function compileError(kernel: Kernel, module: GPUShaderModule, detail: string): Promise<ImleError> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find((message) => message.type === "error");
  const fix = "Correct the WGSL; the line is the one of the named file.";
  if (!first) return new ImleError("wgsl", `${kernel.label}: the WGSL must compile, got: ${detail}`, fix);
  // naga's message goes on with an excerpt that counts the composed lines.
  const { line, said } = locateInExcerpt(first.message, first.lineNum);
  const origin = kernel.composed.locate(line);
  const where = `${origin.piece}:${origin.line}`;
  return new ImleError(
    "wgsl",
    `${kernel.label}: the WGSL must compile, got at ${where}: ${said}\n  ${origin.line} | ${origin.text}`,
    origin.hint ?? fix,
  );
}
