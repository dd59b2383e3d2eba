import type { Logger } from "../../foundation/base/logger.js";
import type { QuernServer } from "./create-server.js";

/** The part of `process` that delivers signals. */
export interface SignalSource {
  once(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  off(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
}

/** Closes the server on the first SIGTERM or SIGINT; resolves when it is closed. A second signal ends the process. */
export function closeOnSignals(server: QuernServer, source: SignalSource, logger: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      source.off("SIGTERM", stop);
      source.off("SIGINT", stop);
      logger.log("info", "Stopping: answering what was accepted.");
      server.close().then(resolve, reject);
    };
    source.once("SIGTERM", stop);
    source.once("SIGINT", stop);
  });
}
