/** The global through which a runtime offers WebGPU: @webgpu/types has the type, and leaves the variable to the DOM's. */
declare var navigator: Navigator;
