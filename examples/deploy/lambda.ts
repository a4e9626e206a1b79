/**
 * A crawler as an AWS Lambda function on Node: hundreds run at once, so each asks an edge API before it sends.
 * Bundle it with `deno bundle --platform node -o lambda.mjs examples/deploy/lambda.ts`.
 *
 * @module
 */
import { breakerFetch, BreakerOpenError, EdgeClient } from "@breakwater/breakwater";

/** Lambda puts its environment here. */
declare const process: { env: Record<string, string | undefined> };

interface Job {
  url: string;
  role?: string;
}

// Outside of the handler, so that a warm instance keeps its connections and what it has seen.
const gate = new EdgeClient({
  url: process.env.BREAKWATER_URL ?? "http://127.0.0.1:8000",
  token: process.env.BREAKWATER_TOKEN,
});
const get = breakerFetch(gate, { timeoutMs: 10_000 });

/** Fetches one page. What is denied goes back to the queue for as long as the breaker says. */
export async function handler({ url, role }: Job): Promise<Record<string, unknown>> {
  try {
    const response = await get(url, { breaker: { role } });
    return { url, status: response.status, body: await response.text() };
  } catch (error) {
    if (!(error instanceof BreakerOpenError)) throw error;
    return { url, denied: error.reason, retryAfterS: Math.ceil(error.retryAfterMs / 1_000) };
  }
}
