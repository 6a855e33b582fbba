/** Places for maps and fields on the page, and what is drawn in them. */

import { html, type Markup } from "../report/html.js";
import type { ShownMap } from "./events.js";

/** What `panels.client.js` reads. */
export interface PanelData {
  /** Pictures of the maps, each once. */
  readonly pictures: readonly string[];
  readonly maps: readonly { picture: number; best: readonly number[]; found: readonly number[] }[];
  /** `cost`: from 0 to 10. `heat`: shares of 1. */
  readonly fields: readonly { ramp: "cost" | "heat"; values: readonly number[] }[];
}

export class Panels {
  private readonly pictures: string[] = [];
  private readonly maps: PanelData["maps"][number][] = [];
  private readonly fields: PanelData["fields"][number][] = [];

  get data(): PanelData {
    const { pictures, maps, fields } = this;
    return { pictures, maps, fields };
  }

  /** A map with a cheapest path and the one that was found. */
  map({ picture, path }: ShownMap, found: readonly number[], label: string): Markup {
    if (!this.pictures.includes(picture)) this.pictures.push(picture);
    this.maps.push({ picture: this.pictures.indexOf(picture), best: path, found });
    return html`<canvas data-map="${this.maps.length - 1}" role="img" aria-label="A map with ${label}"></canvas>`;
  }

  /** A number for each tile, as colours. */
  field(values: readonly number[], ramp: "cost" | "heat", label: string): Markup {
    this.fields.push({ ramp, values: values.map((value) => Number(value.toPrecision(3))) });
    return html`<canvas data-field="${this.fields.length - 1}" role="img" aria-label="${label}"></canvas>`;
  }
}
