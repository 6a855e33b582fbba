import type { Storage } from "./buffers.js";
import type { Slice, UniformPage } from "./commands.js";
import { ImleError } from "./error.js";
import type { Kernel } from "./kernel.js";
import { locateInExcerpt } from "./naga.js";

interface Compiled {
  readonly id: number;
  readonly module: GPUShaderModule;
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

const types = { uniforms: "uniform", constant: "uniform", read: "read-only-storage", read_write: "storage" } as const;
const groupsKept = 8192;

/** Compiles kernels once, and makes each bind group once. */
export class PipelineCache {
  compiledCount = 0;
  private readonly compiled = new Map<Kernel, Compiled>();
  private readonly groups = new Map<string, GPUBindGroup>();

  constructor(
    private readonly device: GPUDevice,
    /** Told when a kernel turns out not to compile. */
    private readonly onError: (error: Promise<ImleError | null>) => void,
  ) {}

  /** The pipeline and the bind group of a dispatch. */
  bind(
    kernel: Kernel,
    buffers: Readonly<Record<string, Slice>>,
    uniforms: UniformPage,
  ): { pipeline: GPUComputePipeline; group: GPUBindGroup } {
    const compiled = this.compiled.get(kernel) ?? this.compile(kernel);
    let key = `${compiled.id}/${uniforms.id}`;
    for (const binding of kernel.bindings) {
      if (binding.kind === "uniforms") continue;
      const slice = buffers[binding.name];
      if (!slice) throw new Error(`${kernel.label}: no buffer for ${binding.name}`);
      key += `:${slice.storage.id},${slice.bytes}`;
    }
    let group = this.groups.get(key);
    if (!group) {
      group = this.createGroup(kernel, compiled, buffers, uniforms.buffer);
      if (this.groups.size >= groupsKept) this.groups.clear();
      this.groups.set(key, group);
      for (const { storage } of Object.values(buffers)) storage.groupKeys.add(key);
    }
    return { pipeline: compiled.pipeline, group };
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
    for (const key of storage.groupKeys) this.groups.delete(key);
    storage.groupKeys.clear();
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

  private keep(kernel: Kernel, parts: Omit<Compiled, "id">): Compiled {
    const compiled = { id: ++this.compiledCount, ...parts };
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
      const size = Math.min(Math.max(16, Math.ceil(bytes / 16) * 16), storage.capacity);
      return { binding, resource: { buffer: storage.buffer, offset: storage.offset, size } };
    });
    // A buffer of another device is refused here, and the submission with it, which reports it: once is enough.
    const hosts = Object.values(buffers).some(({ storage }) => storage.external);
    if (hosts) this.device.pushErrorScope("validation");
    const group = this.device.createBindGroup({ label: kernel.label, layout: compiled.layout, entries });
    if (hosts) void this.device.popErrorScope().catch(() => undefined);
    return group;
  }
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
