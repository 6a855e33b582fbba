/** The app's own drawing, on its own device: a plain WebGPU renderer that knows of no tensors, only of buffers. */

import { cells, side } from "./landscape.js";
import shader from "./terrain.wgsl";

/** A range of a buffer, as `tensor.gpu` gives it. */
export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** The storage buffers of the land, by the names that the shader has for them. */
export interface Scene {
  readonly heights: BufferRange;
  readonly kinds: BufferRange;
  readonly strokes: BufferRange;
  readonly costs: BufferRange;
  readonly path: BufferRange;
  readonly marginals: BufferRange;
}

export interface Frame {
  readonly matrix: Float32Array;
  readonly costsShown: boolean;
  /** The row of `strokes` that is drawn; null for none. */
  readonly stroke: number | null;
  /** Whether `path` and `marginals` are shown. */
  readonly hasPath: boolean;
}

const depthFormat = "depth24plus";
const sky = { r: 0.93, g: 0.91, b: 0.87, a: 1 };

export class Renderer {
  private readonly context: GPUCanvasContext;
  private readonly format: GPUTextureFormat;
  private readonly uniforms: GPUBuffer;
  private readonly layout: GPUBindGroupLayout;
  private readonly pipelines: readonly GPURenderPipeline[];
  /** Samples a pixel: smooth edges, where the adapter is not the processor. */
  private readonly sampleCount: 1 | 4;
  /** Textures of the canvas's size; `colour` is null where a pixel has one sample and is drawn as it is. */
  private targets: { readonly colour: GPUTexture | null; readonly depth: GPUTexture } | null = null;

  constructor(
    private readonly device: GPUDevice,
    private readonly canvas: HTMLCanvasElement,
    format: GPUTextureFormat,
  ) {
    this.format = format;
    this.sampleCount = device.adapterInfo.isFallbackAdapter ? 1 : 4;
    this.context = canvas.getContext("webgpu")!;
    this.context.configure({ device, format, alphaMode: "opaque" });
    this.uniforms = device.createBuffer({ size: 80, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    const visibility = GPUShaderStage.VERTEX | GPUShaderStage.FRAGMENT;
    this.layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility, buffer: { type: "uniform" } },
        ...[1, 2, 3, 4, 5, 6].map((binding) => ({ binding, visibility, buffer: { type: "read-only-storage" } as const })),
      ],
    });
    const module = device.createShaderModule({ code: `const SIDE = ${side}u;\n${shader}` });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [this.layout] });
    this.pipelines = ["top", "wall"].map((entryPoint) =>
      device.createRenderPipeline({
        layout,
        vertex: { module, entryPoint },
        fragment: { module, entryPoint: "colour", targets: [{ format }] },
        depthStencil: { format: depthFormat, depthWriteEnabled: true, depthCompare: "less" },
        multisample: { count: this.sampleCount },
      }),
    );
  }

  /** Draws the land into the canvas, as part of the app's own commands. */
  draw(encoder: GPUCommandEncoder, scene: Scene, frame: Frame): void {
    const values = new ArrayBuffer(80);
    new Float32Array(values).set([...frame.matrix, frame.costsShown ? 1 : 0]);
    new Uint32Array(values).set([frame.stroke ?? 0, frame.stroke === null ? 0 : 1, frame.hasPath ? 1 : 0], 17);
    this.device.queue.writeBuffer(this.uniforms, 0, values);

    const ranges = [scene.heights, scene.kinds, scene.strokes, scene.costs, scene.path, scene.marginals];
    const group = this.device.createBindGroup({
      layout: this.layout,
      entries: [
        { binding: 0, resource: { buffer: this.uniforms } },
        ...ranges.map((resource, i) => ({ binding: i + 1, resource })),
      ],
    });
    const { colour, depth } = this.sizedTargets();
    const canvas = this.context.getCurrentTexture().createView();
    const target = colour
      ? ({ view: colour.createView(), resolveTarget: canvas, storeOp: "discard" } as const)
      : ({ view: canvas, storeOp: "store" } as const);
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ ...target, clearValue: sky, loadOp: "clear" }],
      depthStencilAttachment: {
        view: depth.createView(),
        depthClearValue: 1,
        depthLoadOp: "clear",
        depthStoreOp: "discard",
      },
    });
    pass.setBindGroup(0, group);
    pass.setPipeline(this.pipelines[0]!);
    pass.draw(6 * cells);
    pass.setPipeline(this.pipelines[1]!);
    pass.draw(6 * 4 * side);
    pass.end();
  }

  /** The canvas's size may have changed since the last frame. */
  private sizedTargets(): { readonly colour: GPUTexture | null; readonly depth: GPUTexture } {
    const { width, height } = this.canvas;
    if (this.targets?.depth.width !== width || this.targets.depth.height !== height) {
      this.targets?.colour?.destroy();
      this.targets?.depth.destroy();
      const { device, format, sampleCount } = this;
      const shared = { size: [width, height], sampleCount, usage: GPUTextureUsage.RENDER_ATTACHMENT };
      this.targets = {
        colour: sampleCount > 1 ? device.createTexture({ ...shared, format }) : null,
        depth: device.createTexture({ ...shared, format: depthFormat }),
      };
    }
    return this.targets!;
  }
}
