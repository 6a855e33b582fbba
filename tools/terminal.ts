/** What a person who waits sees: a progress bar where standard output is a terminal, plain lines where it is not. */

import { MultiBar, type SingleBar } from "cli-progress";

/** `1:05` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The rows with their columns aligned, two spaces in, a line below the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("   ")}`.trimEnd());
  const rule = `  ${widths.map((width) => "─".repeat(width)).join("   ")}`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

const secondsBetweenLines = 10;

/** Progress of one long job. Elapsed time runs from the first report. */
export class ProgressDisplay {
  private bars: MultiBar | null = null;
  private bar: SingleBar | null = null;
  private started: number | null = null;
  // What comes before the first piece of work is done (compiling, say) tells nothing of the pace.
  private first: { readonly time: number; readonly share: number } | null = null;
  private lastLine = -Infinity;

  constructor(private readonly output: NodeJS.WriteStream = process.stdout) {}

  /** @param share  what is done, 0 … 1 */
  report(share: number, text: string): void {
    const now = performance.now() / 1000;
    this.started ??= now;
    if (share > 0) this.first ??= { time: now, share };
    const done = share - (this.first?.share ?? share);
    const remaining = done > 0 ? clock(((now - this.first!.time) / done) * (1 - share)) : "-:--";
    const times = { text, elapsed: clock(now - this.started), remaining };
    if (this.output.isTTY) {
      this.shownBar().update(share, times);
    } else if (now - this.lastLine >= secondsBetweenLines || share >= 1) {
      this.lastLine = now;
      const percent = String(Math.floor(100 * share)).padStart(3);
      this.output.write(`${percent} %   ${text}   elapsed ${times.elapsed}, remaining ${remaining}\n`);
    }
  }

  /** A line that stays, above the bar. */
  line(text: string): void {
    if (this.bars === null) this.output.write(`${text}\n`);
    else this.bars.log(`${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    this.bars?.update();
    this.bars?.stop();
    this.bars = null;
    this.bar = null;
  }

  private shownBar(): SingleBar {
    this.bars ??= new MultiBar({
      format: "{bar} {percentage} %   {text}   elapsed {elapsed}, remaining {remaining}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 28,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      stream: this.output,
    });
    this.bar ??= this.bars.create(1, 0, { text: "", elapsed: "0:00", remaining: "-:--" });
    return this.bar;
  }
}
