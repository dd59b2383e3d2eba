import type { SerializedError } from "../../foundation/base/errors.js";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import type { RunEvent, TrainResult } from "../../foundation/contracts/run.js";

/** What to train, as plain data: it crosses a process boundary and is stored with the run. */
export interface TrainRequest {
  readonly project: ProjectInput;
  /** Folder from which the project's relative paths are read. */
  readonly folder: string;
  readonly store: string;
  readonly threads: number;
  /** Hosts a URL source may be fetched from. */
  readonly allowedHosts: readonly string[];
  /** The interrupted run this one goes on with. */
  readonly resumes?: string;
  /** Copies the bundle and the report there. */
  readonly out?: string;
}

/** What the course of a training is, as those who follow it write it down (`--log`). */
export type CourseEntry =
  | { readonly kind: "begin"; readonly name: string; readonly run: string }
  | { readonly kind: "settings"; readonly values: Readonly<Record<string, string | number | boolean>> }
  | { readonly kind: "scalars"; readonly step: number; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: "series"; readonly values: Readonly<Record<string, readonly number[]>> };

/** Parent to child. */
export type ParentMessage =
  /** `startedAt`: epoch milliseconds from which the training's time counts. */
  | { readonly kind: "start"; readonly request: TrainRequest; readonly startedAt: number }
  | { readonly kind: "abort" };

/** Child to parent. */
export type ChildMessage =
  | { readonly kind: "event"; readonly event: RunEvent }
  | { readonly kind: "course"; readonly entry: CourseEntry }
  | { readonly kind: "result"; readonly result: TrainResult }
  | { readonly kind: "failure"; readonly error: SerializedError }
  /** A bug: the stack helps whoever reports it. */
  | { readonly kind: "crash"; readonly message: string; readonly stack: string };
