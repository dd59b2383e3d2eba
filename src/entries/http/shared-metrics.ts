/** Metrics of several server processes that answer on one port: whichever is asked answers for all. */
import { type Aggregator, AggregatorRegistry, type Registry } from "prom-client";

interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of the lines of a histogram. */
  readonly metricName?: string;
}

/** One metric of one process; `aggregator` says what several of it are together. */
export interface MetricSnapshot {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: Aggregator;
  readonly values: readonly MetricValue[];
}

/** The other processes, however they are reached. */
export interface MetricPeers {
  /** What this process has counted, for when another is asked. */
  offer(own: () => Promise<readonly MetricSnapshot[]>): void;
  /** What each of the others has counted. @param own what this one has, in case it ends before it is asked */
  others(own: readonly MetricSnapshot[]): Promise<readonly (readonly MetricSnapshot[])[]>;
}

function together(processes: readonly (readonly MetricSnapshot[])[]): Registry {
  // What is no number, such as a mean of nothing, cannot pass between processes and says nothing either.
  const known = processes.map((metrics) =>
    metrics.map((metric) => ({
      ...metric,
      values: metric.values.filter(({ value }) => Number.isFinite(value)),
    })),
  );
  return AggregatorRegistry.aggregate(known);
}

/** In Prometheus' text format. */
export const renderTogether = (processes: readonly (readonly MetricSnapshot[])[]): Promise<string> =>
  together(processes).metrics();

/**
 * What processes that have ended counted, as one. Without it the sums over all processes would fall when one ends, and every
 * rate over them would be wrong. What a process was rather than counted ends with it.
 */
export async function addEnded(
  before: readonly MetricSnapshot[],
  ended: readonly MetricSnapshot[],
): Promise<readonly MetricSnapshot[]> {
  const counted = ended.filter(({ type }) => type === "counter" || type === "histogram");
  return snapshotsOf(together([before, counted]));
}

/** The types of the library leave out what it gives: the values, and how processes add up. */
export async function snapshotsOf(registry: Registry): Promise<readonly MetricSnapshot[]> {
  return (await registry.getMetricsAsJSON()) as unknown as readonly MetricSnapshot[];
}
