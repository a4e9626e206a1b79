/**
 * Takes what a process exports by OTLP over HTTP as JSON, on loopback.
 *
 * @module
 */

/** A span, as far as tests look. */
export interface ReceivedSpan {
  name: string;
  attributes: Record<string, string | number | boolean>;
}

interface KeyValue {
  key: string;
  value: {
    stringValue?: string;
    intValue?: number | string;
    doubleValue?: number;
    boolValue?: boolean;
  };
}

interface DataPoint {
  attributes?: KeyValue[];
  asInt?: number | string;
  asDouble?: number;
}

/** See the module's description. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** The latest value of each series: `name{key="value",...}`. */
  readonly series = new Map<string, number>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #onNews = () => {};

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        const body = await request.json();
        if (pathname === "/v1/traces") this.#takeSpans(body);
        else if (pathname === "/v1/metrics") this.#takeMetrics(body);
        this.#onNews();
        return Response.json({});
      },
    );
  }

  /** What a process needs to export here. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_METRIC_EXPORT_INTERVAL: "200",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    };
  }

  /** Resolves when that is so. */
  until(holds: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const had = this.spans.map(({ name }) => name).join(", ");
        reject(new Error(`Nothing received of ${what}; spans: ${had}`));
      }, 30_000);
      this.#onNews = () => {
        if (!holds()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onNews();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  // deno-lint-ignore no-explicit-any -- OTLP as it comes
  #takeSpans(body: any): void {
    for (const { scopeSpans } of body.resourceSpans) {
      for (const { spans } of scopeSpans) {
        for (const { name, attributes } of spans) {
          this.spans.push({ name, attributes: record(attributes) });
        }
      }
    }
  }

  // deno-lint-ignore no-explicit-any -- OTLP as it comes
  #takeMetrics(body: any): void {
    for (const { scopeMetrics } of body.resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const { name, sum, gauge } of metrics) {
          const points: DataPoint[] = (sum ?? gauge)?.dataPoints ?? [];
          for (const { attributes = [], asInt, asDouble } of points) {
            const labels = Object.entries(record(attributes)).sort()
              .map(([key, value]) => `${key}="${value}"`).join(",");
            this.series.set(`${name}{${labels}}`, Number(asInt ?? asDouble));
          }
        }
      }
    }
  }
}

function record(attributes: readonly KeyValue[]): ReceivedSpan["attributes"] {
  return Object.fromEntries(attributes.map(({ key, value }) => [
    key,
    value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
  ]));
}
