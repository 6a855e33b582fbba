// uPlot formats numbers for the browser's language as it loads, and throws where that is malformed (a POSIX locale).
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}
