/** The loopback web server that gives a runtime its modules, its session and its data. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import type { Session } from "./host.js";
import { projectRoot } from "./paths.js";

export interface SessionServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

const mediaTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
};

const page = '<!doctype html><meta charset="utf-8"><title>webgpu-imle</title><link rel="icon" href="data:,">';

const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
} as const;

/**
 * Listens on a free port of 127.0.0.1.
 * @param dataFolders  what `host.data("name/path")` reads: absolute folders by name
 * @param pages  HTML by path without its slash. Isolated from other sites, for which browsers give finer clocks.
 */
export async function serveSession(
  session: Session,
  dataFolders: Readonly<Record<string, string>> = {},
  pages: Readonly<Record<string, string>> = {},
): Promise<SessionServer> {
  const folders = new Map<string, string>([
    ["build/programs", join(projectRoot, "build", "programs")],
    ["dist", join(projectRoot, "dist")],
    ["build/against", join(projectRoot, "build", "against")],
    ...Object.entries(dataFolders).map(([name, folder]): [string, string] => [`data/${name}`, folder]),
  ]);

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const end = (status: number, type: string, body: string): void => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
    };
    // A page of another site that has its name point to this machine is not to read the checkout's data.
    if (request.headers.host !== host) return end(403, "text/plain", "wrong host");
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/").slice(1);
    if (path === "page") return end(200, "text/html; charset=utf-8", page);
    const isolated = pages[path];
    if (isolated !== undefined) {
      const type = "text/html; charset=utf-8";
      response.writeHead(200, { ...isolation, "content-type": type, "cache-control": "no-store" });
      return void response.end(isolated);
    }
    if (path === "session") return end(200, "application/json", JSON.stringify(session));
    for (const [name, folder] of folders) {
      if (!path.startsWith(`${name}/`)) continue;
      const file = normalize(join(folder, path.slice(name.length + 1)));
      const found = file.startsWith(folder + sep) ? await stat(file).catch(() => null) : null;
      if (found === null || !found.isFile()) break;
      const type = mediaTypes[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "content-length": found.size, "cache-control": "no-store" });
      createReadStream(file)
        .on("error", () => response.destroy())
        .pipe(response);
      return;
    }
    end(404, "text/plain", "not found");
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: `http://${host}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
