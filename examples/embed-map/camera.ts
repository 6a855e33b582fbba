/** A camera that goes round the land, and the ray that a pointer on the canvas means. */

import { mat4, vec3 } from "wgpu-matrix";
import { heightAt, type Landscape, side } from "./landscape.js";

const centre = [side / 2, side / 2, 0] as const;
const closest = 18;
const farthest = 90;

export class Camera {
  private azimuth = -2.2;
  private elevation = 0.85;
  private distance = 61;

  /** Turns by so many radians; the elevation stays above the ground and below the zenith. */
  turn(azimuth: number, elevation: number): void {
    this.azimuth += azimuth;
    this.elevation = Math.min(Math.max(this.elevation + elevation, 0.25), 1.5);
  }

  /** Goes nearer (below 1) or away. */
  zoom(factor: number): void {
    this.distance = Math.min(Math.max(this.distance * factor, closest), farthest);
  }

  /** From the land (x east, y south, z up) to clip space; 16 numbers by columns. */
  matrix(aspect: number): Float32Array<ArrayBuffer> {
    // A narrow canvas sees as much of the land as a wide one.
    const fieldOfView = 2 * Math.atan(0.42 / Math.min(aspect, 1));
    const flat = Math.cos(this.elevation) * this.distance;
    const eye = [
      centre[0] + flat * Math.cos(this.azimuth),
      centre[1] - flat * Math.sin(this.azimuth),
      centre[2] + Math.sin(this.elevation) * this.distance,
    ];
    const view = mat4.lookAt(eye, centre, [0, 0, 1]);
    return mat4.multiply(mat4.perspective(fieldOfView, aspect, 1, 200), view) as Float32Array<ArrayBuffer>;
  }

  /**
   * The cell under a place on the canvas, or null beside the land.
   * @param x, y  from −1 to 1, y upwards
   */
  cellAt(landscape: Landscape, x: number, y: number, aspect: number): number | null {
    const back = mat4.inverse(this.matrix(aspect));
    const near = vec3.transformMat4([x, y, 0], back);
    const far = vec3.transformMat4([x, y, 1], back);
    const direction = vec3.normalize(vec3.subtract(far, near));
    const step = 0.1;
    for (let reach = 0; reach < 200; reach += step) {
      const place = vec3.addScaled(near, direction, reach);
      const [east, south, up] = [place[0]!, place[1]!, place[2]!];
      const inside = east >= 0 && south >= 0 && east < side && south < side;
      if (up < -1) return null;
      if (inside && up <= heightAt(landscape, east, south)) return Math.floor(south) * side + Math.floor(east);
    }
    return null;
  }

  /** Where the middle of a cell is on the canvas: x and y from −1 to 1, y upwards. */
  placeOf(landscape: Landscape, cell: number, aspect: number): readonly [x: number, y: number] {
    const [x, y] = [(cell % side) + 0.5, Math.floor(cell / side) + 0.5];
    const place = vec3.transformMat4([x, y, heightAt(landscape, x, y)], this.matrix(aspect));
    return [place[0]!, place[1]!];
  }
}
