/** A file in the safetensors format, imported as its bytes. */
declare module "*.safetensors" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
