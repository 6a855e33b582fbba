export { topKCpu } from "./top-k/cpu.js";
