/**
 * Counts of what happens with every request. A series is found once and is then an addition: prom-client looks at the labels
 * again for each value, which costs as much as a small prediction.
 */
import type { MetricSnapshot } from "./shared-metrics.js";

export type Labels = Readonly<Record<string, string | number>>;

/** Series by their labels; the same labels are the same series. */
class SeriesTable<Series> {
  readonly #make: () => Series;
  readonly #byText = new Map<string, { readonly labels: Labels; readonly series: Series }>();

  constructor(make: () => Series) {
    this.#make = make;
  }

  of(labels: Labels): Series {
    const text = labelsText(labels);
    const known = this.#byText.get(text) ?? { labels, series: this.#make() };
    this.#byText.set(text, known);
    return known.series;
  }
  all(): { readonly labels: Labels; readonly series: Series }[] {
    return [...this.#byText.values()];
  }
}

/** One series of a counter. */
export class Tally {
  total = 0;

  add(count: number): void {
    this.total += count;
  }
}

export class TallyTable extends SeriesTable<Tally> {
  constructor() {
    super(() => new Tally());
  }
}

/** One series of a histogram. */
export class Distribution {
  readonly bounds: Float64Array;
  /** Values up to each bound and above the one before; the last place has those above all. */
  readonly counts: Float64Array;
  sum = 0;

  /** @param bounds ascending */
  constructor(bounds: readonly number[]) {
    this.bounds = Float64Array.from(bounds);
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds } = this;
    let place = 0;
    while (place < bounds.length && value > bounds[place]!) place += 1;
    this.counts[place]! += 1;
    this.sum += value;
  }
}

export class Histogram extends SeriesTable<Distribution> {
  readonly #name: string;
  readonly #help: string;

  constructor({ name, help, bounds }: { name: string; help: string; bounds: readonly number[] }) {
    super(() => new Distribution(bounds));
    this.#name = name;
    this.#help = help;
  }

  /** For adding up with those of other processes. */
  snapshot(): MetricSnapshot {
    const values = this.all().flatMap(({ labels, series }) => this.#values(labels, series));
    return { name: this.#name, help: this.#help, type: "histogram", aggregator: "sum", values };
  }

  /** As Prometheus reads it (prometheus.io/docs/instrumenting/exposition_formats). */
  render(): string {
    const lines = this.snapshot().values.map(
      ({ metricName, labels, value }) => `${metricName}{${labelsText(labels)}} ${value}`,
    );
    return [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} histogram`, ...lines].join("\n");
  }

  #values(labels: Labels, { bounds, counts, sum }: Distribution): MetricSnapshot["values"] {
    const line = (suffix: string, value: number, given: Labels) => {
      return { metricName: `${this.#name}_${suffix}`, value, labels: given };
    };
    let upTo = 0;
    const buckets = Array.from(counts, (count, place) => {
      upTo += count;
      return line("bucket", upTo, { le: bounds[place] ?? "+Inf", ...labels });
    });
    return [...buckets, line("sum", sum, labels), line("count", upTo, labels)];
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${String(value).replace(/[\\"\n]/g, (sign) => ESCAPES[sign]!)}"`)
    .join(",");
}
