/**
 * The page, its script and its style, loaded when somebody asks for them: most servers answer crawlers alone. What the
 * page asks for later is in `board_routes.ts` and the API's own routes.
 *
 * @module
 */
import type { Hono } from "hono";
import type { EventLog } from "../../telemetry/event_log.ts";
import type { EdgeContext } from "../context.ts";
import type { EdgeTuner } from "../late_tuner.ts";
import { secured } from "../secure_headers.ts";
import { addBoardRoutes, statusOf, troubleList } from "./board_routes.ts";
import { TroubleBoard } from "./board.ts";
import { HistoryBook } from "./history_book.ts";
import { addSessionRoutes, OPEN_SESSION } from "./session_routes.ts";
import type { Sessions } from "./sessions.ts";

/** Nothing but what this server sends itself, and nothing that stands in the markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** What the dashboard works with beside what all routes do. */
export interface DashboardParts {
  log: EventLog;
  tuner: Pick<EdgeTuner, "steps">;
  /** Absent where the app is open. */
  sessions: Sessions | undefined;
}

/** Adds `GET /`, what the page is made of, and what it asks. */
export function addDashboardRoutes(
  app: Hono,
  context: EdgeContext,
  { log, tuner, sessions }: DashboardParts,
): void {
  const book = new HistoryBook(log);
  const parts = { book, tuner, board: new TroubleBoard(context.registry, book, context.now) };
  addSessionRoutes(app, sessions);
  addBoardRoutes(app, context, parts);
  app.get("/", async (c) => {
    const session = sessions === undefined ? OPEN_SESSION : await sessions.of(c.req.raw);
    const { dashboardPage, logInPage } = await import("./page.ts");
    if (session === undefined) return page(await logInPage());
    const trouble = await troubleList(parts.board);
    const { counts, complete } = await parts.board.read();
    const content = {
      session,
      status: statusOf(context, { counts, complete }),
      trouble,
      origin: new URL(c.req.url).origin,
      needsToken: sessions !== undefined,
    };
    return page(await dashboardPage(content));
  });
  let script: string | undefined;
  app.get("/dashboard/app.js", async () => {
    const { dashboardScript } = await import("./script.ts");
    script ??= dashboardScript();
    return asset(script, "text/javascript; charset=utf-8");
  });
  app.get("/dashboard/style.css", async () => {
    const { STYLE } = await import("./style.ts");
    return asset(STYLE, "text/css; charset=utf-8");
  });
}

function page(markup: { toString(): string }): Response {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
  };
  return secured(new Response(String(markup), { headers }));
}

/** Asked for anew each time: it is small, and an old script does not fit a new server. */
function asset(text: string, type: string): Response {
  return secured(new Response(text, { headers: { "content-type": type } }));
}
