import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as library from "webgpu-imle";
import * as testing from "webgpu-imle/testing";

const setup = suite("the set-up");

setup("the package's entry exports the engine", () => {
  assert.type(library.Engine.create, "function");
  assert.type(library.Engine.from, "function");
});

setup("the second entry has names of its own only", () => {
  const doubled = Object.keys(testing).filter((name) => name in library);
  assert.ok(Object.keys(testing).length > 0);
  assert.equal(doubled, []);
});

setup("the runtime has an adapter, and the adapter a device that computes", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  assert.ok(adapter);
  const device = await adapter.requestDevice();
  const code = `
    @group(0) @binding(0) var<storage, read_write> squares: array<u32>;
    @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { squares[id.x] = id.x * id.x; }
  `;
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const result = device.createBuffer({ size: 32, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const readback = device.createBuffer({ size: 32, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer: result } }],
    }),
  );
  pass.dispatchWorkgroups(2);
  pass.end();
  encoder.copyBufferToBuffer(result, 0, readback, 0, 32);
  device.queue.submit([encoder.finish()]);
  await readback.mapAsync(GPUMapMode.READ);
  const values = [...new Uint32Array(readback.getMappedRange())];
  device.destroy();
  assert.equal(values, [0, 1, 4, 9, 16, 25, 36, 49]);
});

setup.run();
