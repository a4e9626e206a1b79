/**
 * A line of JSON for each call, for whoever runs the server with `--debug`. Holds no token, no query and no path as it
 * was sent: only what the app itself calls it.
 *
 * @module
 */
import type { Verdict } from "../breaker/gate.ts";
import type { RequestIds } from "./request_ids.ts";
import type { RouteTable } from "./route_table.ts";

/** One line. */
export interface AccessLine {
  /** When the call came, as in RFC 3339. */
  ts: string;
  method: string;
  /** `/v1/breakers/:host`; null where there is no such path. */
  path: string | null;
  status: number;
  /** Milliseconds until the answer began. */
  ms: number;
  request_id: string;
  /** `allowed`, or the reason of the denial. */
  verdict?: string;
  /** How often each, where there were several. */
  verdicts?: Record<string, number>;
}

/** What an access log is made with. */
export interface AccessLogOptions {
  table: RouteTable;
  ids: RequestIds;
  log: (line: string) => void;
  /** Epoch milliseconds. */
  now: () => number;
}

/** Longest method that is repeated: a client may send any word. */
const LONGEST_METHOD = 20;

/** See the module's description. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #verdicts = new WeakMap<Request, string[]>();

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** Notes what a call was answered; a batch has several. */
  noteVerdict(request: Request, verdict: Verdict): void {
    const noted = this.#verdicts.get(request) ?? [];
    noted.push(verdict.allowed ? "allowed" : verdict.reason);
    this.#verdicts.set(request, noted);
  }

  /** Waits for the answer and writes the line. */
  async observe(
    request: Request,
    answer: () => Response | Promise<Response>,
  ): Promise<Response> {
    const { now, log } = this.#options;
    const ts = new Date(now()).toISOString();
    const startedAt = performance.now();
    const response = await answer();
    const ms = Math.round((performance.now() - startedAt) * 100) / 100;
    log(JSON.stringify(this.#line(request, ts, response.status, ms)));
    return response;
  }

  #line(request: Request, ts: string, status: number, ms: number): AccessLine {
    const { table, ids } = this.#options;
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    return {
      ts,
      method: request.method.slice(0, LONGEST_METHOD),
      path: (url && table(url.pathname)?.template) ?? null,
      status,
      ms,
      request_id: ids(request),
      ...tally(this.#verdicts.get(request)),
    };
  }
}

function tally(noted: readonly string[] = []): Pick<AccessLine, "verdict" | "verdicts"> {
  if (noted.length <= 1) return { verdict: noted[0] };
  const verdicts: Record<string, number> = {};
  for (const verdict of noted) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  return { verdicts };
}
