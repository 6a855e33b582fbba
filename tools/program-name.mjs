// @ts-check
/**
 * The name of a source file's bundle. All bundles lie side by side, so that one relative path leads to dist/.
 * @param {string} file relative to the root, with slashes
 */
export const programName = (file) => file.replace(/\.ts$/, "").replaceAll("/", "-");
