/**
 * Metrics as text, in the Prometheus exposition format 0.0.4. What is measured stands elsewhere.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * @module
 */

/** Names and values that tell the numbers of one metric apart. */
export type Labels = Readonly<Record<string, string>>;

/** One number. */
export interface Sample {
  /** Absent where the metric has but one number. */
  labels?: Labels;
  /** The number. */
  value: number;
}

/** Numbers by bucket, from which a quantile can be read. */
export interface Histogram {
  /** Absent where the metric has but one histogram. */
  labels?: Labels;
  /** Upper bound of each bucket; what is above the last is in one more. */
  bounds: readonly number[];
  /** How many fell into each bucket, not added up: one more than there are bounds. */
  counts: readonly number[];
  /** All values together. */
  sum: number;
}

/** One metric. */
export type Family =
  & {
    /** `[a-z_]+`; a counter's ends in `_total`. */
    name: string;
    /** One line. */
    help: string;
  }
  & (
    | { type: "counter" | "gauge"; samples: readonly Sample[] }
    | { type: "histogram"; histograms: readonly Histogram[] }
  );

/** What the text is, for a header. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The metrics as text. */
export function prometheusText(families: readonly Family[]): string {
  return families.map(familyText).join("");
}

function familyText(family: Family): string {
  const { name, help, type } = family;
  const lines = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  if (family.type === "histogram") {
    for (const histogram of family.histograms) lines.push(...histogramLines(name, histogram));
  } else {
    for (const { labels, value } of family.samples) lines.push(line(name, labels, value));
  }
  return lines.join("\n") + "\n";
}

function histogramLines(name: string, { labels, bounds, counts, sum }: Histogram): string[] {
  let below = 0;
  const buckets = counts.map((count, i) => {
    below += count;
    return line(`${name}_bucket`, { ...labels, le: number(bounds[i] ?? Infinity) }, below);
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, below)];
}

function line(name: string, labels: Labels = {}, value: number): string {
  const pairs = Object.entries(labels).map(([label, said]) =>
    `${label}="${escaped(said).replaceAll('"', '\\"')}"`
  );
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
