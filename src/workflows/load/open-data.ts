import { openSource } from "../../capabilities/data/sources/index.js";
import type { Table } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createOutboundClient, type OutboundPolicy } from "../../foundation/base/outbound-client.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { SourceDescription, SourceOptions } from "../../foundation/contracts/source.js";
import type { WorkflowContext } from "../context.js";
import type { PixelCache } from "./pixel-cache.js";

export interface OpenedData {
  readonly table: Table;
  readonly sources: readonly SourceDescription[];
  /** For people: the names of the files. */
  readonly description: string;
  /** Where images lie that cells name. */
  readonly imageFolder?: string;
  /** Pictures that an earlier training decoded. */
  readonly pixels?: PixelCache;
  close(): Promise<void>;
}

export interface OpenDataContext extends Pick<WorkflowContext, "folder" | "threads" | "signal"> {
  /** Hosts a URL may be fetched from; none by default. */
  readonly allowedHosts: readonly string[];
}

/** Opens a project's source. @throws QuernError USAGE without one, DATA_…, NETWORK_… */
export function openData(data: Project["data"], context: OpenDataContext): Promise<OpenedData> {
  if (data.source === undefined) {
    throw new QuernError("USAGE", "No data was given.", {
      hint: "Name a file on the command line, or set `data.source` in quern.yaml.",
    });
  }
  const { format, delimiter, encoding, header, skipLines, sheet } = data;
  const reading = defined({ format, delimiter, encoding, header, skipLines, sheet });
  return openLocation(data.source, reading, context);
}

/** Opens what a user named, with what was said about reading it. */
export async function openLocation(
  location: string | readonly string[],
  options: SourceOptions,
  context: OpenDataContext,
): Promise<OpenedData> {
  const { table, sources, imageFolder } = await openSource(location, options, {
    threads: context.threads,
    baseFolder: context.folder,
    stdin: process.stdin,
    signal: context.signal,
    ...(context.allowedHosts.length > 0
      ? { outbound: createOutboundClient(policyFor(context.allowedHosts)) }
      : {}),
  });
  const names = sources.map((source) => source.name);
  const description =
    names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  return {
    ...{ table, sources, description, close: () => table.close() },
    ...(imageFolder === undefined ? {} : { imageFolder }),
  };
}

/**
 * A name that a user allows may only lead to public addresses; an address, or this machine itself, written out
 * is meant as it stands.
 */
export function policyFor(allowedHosts: readonly string[]): OutboundPolicy {
  const writtenOut = /^(localhost|\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\])(:\d+)?$/i;
  return { allowedHosts, privateHosts: allowedHosts.filter((host) => writtenOut.test(host)) };
}

/** Drops what was not said, which is not the same as saying undefined. */
export function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
