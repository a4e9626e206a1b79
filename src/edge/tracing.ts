/**
 * What a call's span is told where somebody traces: the route, and the verdict. Knows nothing of exporters.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Verdict } from "../breaker/gate.ts";
import { type Span, spanSource } from "../telemetry/otel.ts";
import type { RouteTable } from "./route_table.ts";

const BATCH = "/v1/batch";

/** See the module's description. */
export class Tracing {
  readonly #activeSpan: () => Span | undefined;

  private constructor(activeSpan: () => Span | undefined) {
    this.#activeSpan = activeSpan;
  }

  /** Undefined where nobody traces: then there is nothing to be called. */
  static start(): Tracing | undefined {
    const activeSpan = spanSource();
    return activeSpan && new Tracing(activeSpan);
  }

  /** Has the app name the route of each call. */
  follow(app: Hono, table: RouteTable): void {
    const { fetch } = app;
    app.fetch = (request, ...rest) => {
      this.#noteRoute(request, table);
      return fetch(request, ...rest);
    };
  }

  /** One that no route answers keeps the name it has. */
  #noteRoute(request: Request, table: RouteTable): void {
    const span = this.#activeSpan();
    if (span === undefined || !URL.canParse(request.url)) return;
    const route = table(new URL(request.url).pathname)?.template;
    if (route === undefined) return;
    span.setAttribute("http.route", route);
    span.updateName(`${request.method} ${route}`);
  }

  /** Tells what was answered: whether, and why not. A batch has many verdicts, and its span none. */
  noteVerdict(request: Request, verdict: Verdict): void {
    const span = request.url.endsWith(BATCH) ? undefined : this.#activeSpan();
    if (span === undefined) return;
    span.setAttribute("breakwater.verdict", verdict.allowed ? "allowed" : "denied");
    span.setAttribute("breakwater.state", verdict.state);
    const denial = verdict.allowed ? verdict.wouldDeny : verdict;
    if (denial !== undefined) {
      span.setAttribute("breakwater.reason", denial.reason);
      span.setAttribute("breakwater.scope", denial.scope);
      span.setAttribute("breakwater.key", denial.key);
    }
    if (verdict.degraded) span.setAttribute("breakwater.degraded", true);
  }
}
