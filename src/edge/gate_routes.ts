/**
 * What crawlers call: ask, tell, and both in bulk.
 *
 * @module
 */
import type { Hono } from "hono";
import { chain } from "../registry/maybe_promise.ts";
import type { BreakerRegistry } from "../registry/registry.ts";
import { BATCH_LIMIT, BODY_LIMIT, readJson, useJson } from "./body.ts";
import type { Answer, Call, EdgeContext } from "./context.ts";
import { type Batch, parseAllow, parseBatch, parseRecord } from "./gate_requests.ts";
import { gateAnswer, stateAnswer, verdictAnswer, wireRecordResult, wireVerdict } from "./wire.ts";

/** What answers `POST` to each path. */
export type GateCalls = ReadonlyMap<string, Answer<Call>>;

/**
 * `/v1/allow`, `/v1/record` and `/v1/batch`. The first two are not async functions: what a crawler waits for each time
 * takes as few promises as there are waits.
 */
export function gateCalls({ registry, now, guard, noteVerdict }: EdgeContext): GateCalls {
  const allow = guard(
    "crawl",
    (c: Call) =>
      useJson(c, BODY_LIMIT, (body) =>
        chain(registry.allow(parseAllow(body)), (verdict) => {
          noteVerdict?.(c.req.raw, verdict);
          return verdictAnswer(verdict);
        })),
  );
  const record = guard("crawl", (c: Call) =>
    useJson(c, BODY_LIMIT, (body) => {
      const { permit, outcome } = parseRecord(body, now());
      return chain(registry.record(permit, outcome), (result) =>
        gateAnswer(wireRecordResult(result)));
    }));
  const batch = guard("crawl", async (c: Call) => {
    const items = parseBatch(await readJson(c, BATCH_LIMIT), now());
    const { verdicts, results } = await answerBatch(registry, items);
    if (noteVerdict) verdicts.forEach((verdict) => noteVerdict(c.req.raw, verdict));
    return stateAnswer({
      allow: verdicts.map(wireVerdict),
      record: results.map(wireRecordResult),
    });
  });
  return new Map([["/v1/allow", allow], ["/v1/record", record], ["/v1/batch", batch]]);
}

/** Adds them to the app. */
export function addGateRoutes(app: Hono, calls: GateCalls): void {
  for (const [path, answer] of calls) app.post(path, answer);
}

/** Outcomes first, since they are news that the verdicts should know. All of a kind at once, so that they share writes. */
async function answerBatch(registry: BreakerRegistry, { asks, told }: Batch) {
  const results = await Promise.all(
    told.map(({ permit, outcome }) => registry.record(permit, outcome)),
  );
  const verdicts = await Promise.all(asks.map((ask) => registry.allow(ask)));
  return { verdicts, results };
}
