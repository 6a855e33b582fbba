/** A Markdown file, imported as its text. */
declare module "*.md" {
  const source: string;
  export default source;
}
