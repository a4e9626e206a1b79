/**
 * What changed between two looks at the edge's breakers. Looks by `GET /v1/breakers`, as an operator would; the
 * reasons are those that the edge gives.
 *
 * @module
 */

/** What the timeline reads of a breaker in the answer of `GET /v1/breakers`. */
export interface Look {
  key: string;
  state: "closed" | "open" | "half_open";
  reason?: string;
  /** Deadline in epoch milliseconds. */
  until?: number | null;
  failures: number;
}

/** A change of state that the looks prove. */
export interface Change {
  host: string;
  /** Epoch milliseconds: of the look, or of the deadline that had passed by then. */
  at: number;
  from: Look["state"];
  to: Look["state"];
  why: string;
}

const LOOK_EVERY_MS = 50;

/** Looks at the edge again and again until the signal, and tells each change. */
export async function watch(
  edge: string,
  signal: AbortSignal,
  tell: (change: Change) => void,
): Promise<void> {
  let before = new Map<string, Look>();
  while (!signal.aborted) {
    const looks = await look(edge);
    const now = Date.now();
    for (const key of new Set([...before.keys(), ...looks.keys()])) {
      changes(before.get(key) ?? closed(key), looks.get(key) ?? closed(key), now).forEach(tell);
    }
    before = looks;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function look(edge: string): Promise<Map<string, Look>> {
  const response = await fetch(`${edge}/v1/breakers`);
  if (!response.ok) throw new Error(`GET /v1/breakers answered ${response.status}`);
  // Safe: the shape is that of the edge's own answer, which its tests pin down.
  const { breakers } = await response.json() as { breakers: Look[] };
  return new Map(breakers.map((breaker) => [breaker.key, breaker]));
}

/** A host that is not listed is not in trouble. */
function closed(key: string): Look {
  return { key, state: "closed", failures: 0 };
}

/** What must have happened between two looks at one breaker. */
export function changes(before: Look, after: Look, now: number): Change[] {
  const host = after.key;
  const deadline = before.until ?? Infinity;
  const hasPassed = before.state === "open" && deadline <= now;
  // An open ends in half_open, and by nothing else: where the next look is past that, it happened in between.
  if (hasPassed && after.state !== "half_open") {
    if (after.state === "open" && after.until === before.until) return [];
    const between: Look = { ...before, state: "half_open" };
    return [changeTo(before, between, deadline), changeTo(between, after, now)];
  }
  if (before.state === after.state) return [];
  return [changeTo(before, after, after.state === "half_open" ? Math.min(deadline, now) : now)];

  function changeTo(from: Look, to: Look, at: number): Change {
    return { host, at, from: from.state, to: to.state, why: why(from, to, at) };
  }
}

function why(from: Look, to: Look, at: number): string {
  if (to.state === "half_open") return "the time is up: a probe may go out";
  if (to.state === "closed") return "the probe came back well";
  const left = `${(((to.until ?? at) - at) / 1_000).toFixed(1)} s`;
  if (to.reason === "retry_after") return `Retry-After: not asked for ${left}`;
  if (to.reason === "rolling") return `failed too often lately: not asked for ${left}`;
  if (from.state === "half_open") return `the probe failed: not asked for ${left}`;
  if (to.failures > 0) return `${to.failures} failures in a row: not asked for ${left}`;
  return `too many slow answers: not asked for ${left}`;
}
