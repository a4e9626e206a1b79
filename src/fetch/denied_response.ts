/**
 * The answer that stands in for a request which was never sent. Nothing here decides whether it is.
 *
 * @module
 */
import { BreakerOpenError } from "../breaker/errors.ts";
import type { Denial } from "../breaker/gate.ts";

/**
 * A 503 with Retry-After and problem details (RFC 9457). The header `Breakwater: denied` tells it from a 503
 * of the host.
 */
export function deniedResponse(denial: Denial): Response {
  const problem = {
    title: "Service Unavailable",
    status: 503,
    detail: new BreakerOpenError(denial).message,
    reason: denial.reason,
    scope: denial.scope,
    key: denial.key,
    state: denial.state,
    retry_after_ms: denial.retryAfterMs,
  };
  return new Response(JSON.stringify(problem), {
    status: 503,
    statusText: "Service Unavailable",
    headers: {
      "content-type": "application/problem+json",
      "retry-after": String(Math.max(1, Math.ceil(denial.retryAfterMs / 1000))),
      "breakwater": "denied",
    },
  });
}
