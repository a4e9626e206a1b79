/**
 * What the doctor looks at in an edge API: does it answer and how soon, does its store, what may the token do, does its
 * clock agree. Changes nothing there.
 *
 * @module
 */
import { baseOf } from "./edge_backend.ts";
import { fault, type Finding, note, ok, skewFinding } from "./finding.ts";
import { unreachable } from "./reason.ts";

const DEADLINE_MS = 5_000;
/** A `Date` header says whole seconds. */
const HEADER_MS = 1_000;

/** An answer, as far as it matters here. */
interface Answer {
  status: number;
  tookMs: number;
  /** What its `Date` header says. */
  date: number | undefined;
  body: unknown;
}

type Ask = (path: string, method?: string) => Promise<Answer>;

/** Asks it this and that. */
export async function examineEdge(
  { url, token }: { url: string; token?: string },
  now: () => number,
): Promise<Finding[]> {
  const base = baseOf(url);
  const ask: Ask = (path, method = "GET") => answerOf(base + path, method, token);
  let health: Answer;
  try {
    await ask("/healthz"); // the first one opens the connection
    health = await ask("/healthz");
  } catch (error) {
    const says = `${base} cannot be reached: ${unreachable(error)}`;
    return [fault("edge", `${says}. Start it (breakwater serve), or mend --url or BREAKWATER_URL`)];
  }
  if (!isObject(health.body) || health.body["ok"] !== true) {
    return [fault("edge", `${base} answers, but not as an edge API does: mend --url`)];
  }
  const receivedAt = now();
  return [
    ok("edge", `${base} answers in ${health.tookMs.toFixed(1)} ms`),
    await readiness(ask),
    clock(health, receivedAt),
    ...await rights(ask, token !== undefined),
  ];
}

async function answerOf(url: string, method: string, token: string | undefined): Promise<Answer> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  const startedAt = performance.now();
  const response = await fetch(url, {
    method,
    headers,
    // No body that anything could come of: a right is checked before the body is.
    body: method === "GET" ? undefined : "{}",
    signal: AbortSignal.timeout(DEADLINE_MS),
    redirect: "error",
  });
  const text = await response.text();
  const date = Date.parse(response.headers.get("date") ?? "");
  return {
    status: response.status,
    tookMs: performance.now() - startedAt,
    date: Number.isNaN(date) ? undefined : date,
    body: parsed(text),
  };
}

async function readiness(ask: Ask): Promise<Finding> {
  const { status, tookMs } = await ask("/readyz");
  if (status === 200) {
    return ok("store", `the edge's store answers (${tookMs.toFixed(1)} ms with it)`);
  }
  return fault("store", "the edge cannot reach its store: run breakwater doctor --store there");
}

function clock({ date, tookMs }: Answer, receivedAt: number): Finding {
  if (date === undefined) return note("clock", "the edge does not tell its time");
  // Cut off to the second: half a second later on average.
  const theirs = date + HEADER_MS / 2;
  return skewFinding(
    "the edge's clock",
    theirs - (receivedAt - tookMs / 2),
    tookMs + HEADER_MS / 2,
  );
}

/** Which calls the token opens. */
async function rights(ask: Ask, given: boolean): Promise<Finding[]> {
  const { status, body } = await ask("/v1/mode");
  if (status === 401) {
    const what = given ? "the edge does not know this token" : "the edge asks for a token";
    return [fault("token", `${what}: give --token, or set BREAKWATER_TOKEN, to one of its own`)];
  }
  const may = {
    crawl: (await ask("/v1/allow", "POST")).status !== 403,
    read: status !== 403,
    admin: (await ask("/v1/mode", "PUT")).status !== 403,
  };
  const mode = isObject(body) && "override" in body
    ? [note("mode", `${body["override"]} is stored for every process; breakwater mode --reset`)]
    : [];
  if (!given) {
    return [note("token", "the edge asks for none: whoever reaches it may do all"), ...mode];
  }
  const scopes = Object.entries(may).filter(([, has]) => has).map(([scope]) => scope);
  const lacks = Object.entries(may).filter(([, has]) => !has).map(([scope]) => scope);
  if (lacks.length === 0) return [ok("token", "may do all"), ...mode];
  const says = `may ${scopes.join(", ") || "nothing"}, and not ${lacks.join(", ")}`;
  const advice = "commands that change something need one of BREAKWATER_ADMIN_TOKENS";
  return [fault("token", `${says}: ${advice}`), ...mode];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // whatever it is, it is no edge API
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
