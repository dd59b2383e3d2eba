import type { Clock } from "./clock.js";

/** Structured log lines. Entries decide where they go; nothing else prints. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Logger {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const silentLogger: Logger = { log: () => undefined };

/** JSON lines with their time; debug lines stay away. */
export function lineLogger(clock: Pick<Clock, "now">, write: (line: string) => unknown): Logger {
  return {
    log(level, message, facts) {
      if (level === "debug") return;
      const time = new Date(clock.now()).toISOString();
      write(`${JSON.stringify({ time, level, message, ...facts })}\n`);
    },
  };
}
