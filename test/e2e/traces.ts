/** A collector of traces for tests: keeps what it is sent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { LooseJson } from "../fixtures/loose-json.js";

export interface TestCollector {
  readonly url: string;
  /** Bodies of the requests. */
  readonly bodies: string[];
  /** As JSON. */
  spans(): LooseJson[];
  close(): Promise<unknown>;
}

export async function startCollector(): Promise<TestCollector> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece) => {
      text += String(piece);
    });
    request.on("end", () => {
      if (request.url === "/v1/traces" && request.headers["content-type"] === "application/json")
        bodies.push(text);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    bodies,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => bodies.flatMap((text) => JSON.parse(text).resourceSpans[0].scopeSpans[0].spans),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
