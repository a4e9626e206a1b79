/**
 * OpenTelemetry without a dependency: whoever turns it on (`OTEL_DENO=true` in Deno, an SDK elsewhere) registers
 * its API under a well-known symbol, where `@opentelemetry/api` finds it too. Where nobody has, nothing is
 * done and nothing is paid.
 *
 * Source: `@opentelemetry/api` 1.x, `src/internal/global-utils.ts` and `src/trace/context-utils.ts`
 *
 * @module
 */
import type { BreakerRegistry } from "../registry/registry.ts";
import { registryMetrics } from "./metrics.ts";
import type { Family, Labels } from "./prometheus.ts";
import { VERSION } from "./version.ts";

/** What is used of a span. */
export interface Span {
  setAttribute(name: string, value: string | number | boolean): unknown;
  updateName(name: string): unknown;
}

interface Context {
  getValue(key: symbol): unknown;
}

type Instrument = Readonly<Record<never, never>>;

interface BatchResult {
  observe(instrument: Instrument, value: number, attributes?: Labels): void;
}

interface Meter {
  createObservableCounter(name: string, options: { description: string }): Instrument;
  createObservableGauge(name: string, options: { description: string }): Instrument;
  addBatchObservableCallback(
    callback: (result: BatchResult) => void,
    instruments: readonly Instrument[],
  ): void;
}

interface OtelApi {
  context?: { active(): Context };
  metrics?: { getMeter(name: string, version?: string): Meter };
}

const API = Symbol.for("opentelemetry.js.api.1");
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");

function registeredApi(): OtelApi | undefined {
  // Safe: what stands there has this shape, in every 1.x of the API.
  return (globalThis as { [API]?: OtelApi })[API];
}

/** Gives the span that the caller runs in; undefined where nobody traces. Asked once, at the start. */
export function spanSource(): (() => Span | undefined) | undefined {
  const context = registeredApi()?.context;
  if (context === undefined) return undefined;
  return () => context.active()?.getValue(SPAN) as Span | undefined; // safe: the API's own key
}

/**
 * Hands the registry's counters and gauges to OpenTelemetry, which reads them when it exports: a call of the
 * gate costs no more for it. Their names are those of `/metrics` as OpenTelemetry writes them, so
 * `breakwater_verdicts_total` is `breakwater.verdicts`. Histograms stay with `/metrics`.
 *
 * @returns false where nobody collects metrics
 */
export function observeRegistry(registry: BreakerRegistry): boolean {
  const meter = registeredApi()?.metrics?.getMeter("breakwater", VERSION);
  if (meter === undefined) return false;
  const collect = () => registryMetrics(registry.stats());
  const instruments = new Map<string, Instrument>();
  for (const family of collect()) {
    const instrument = instrumentOf(meter, family);
    if (instrument !== undefined) instruments.set(family.name, instrument);
  }
  meter.addBatchObservableCallback((result) => {
    for (const family of collect()) {
      const instrument = instruments.get(family.name);
      if (instrument === undefined || family.type === "histogram") continue;
      for (const { value, labels } of family.samples) result.observe(instrument, value, labels);
    }
  }, [...instruments.values()]);
  return true;
}

function instrumentOf(meter: Meter, { name, help, type }: Family): Instrument | undefined {
  const dotted = name.replace(/_total$/, "").replace("_", ".");
  const options = { description: help };
  switch (type) {
    case "counter":
      return meter.createObservableCounter(dotted, options);
    case "gauge":
      return meter.createObservableGauge(dotted, options);
    case "histogram":
      return undefined;
  }
}
