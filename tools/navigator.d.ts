/** The global through which a runtime offers WebGPU: @webgpu/types has its type, and leaves the variable to the DOM. */
declare var navigator: Navigator;
