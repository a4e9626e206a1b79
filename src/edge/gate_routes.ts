/**
 * What crawlers call: ask, tell, and both in bulk.
 *
 * @module
 */
import type { Hono } from "hono";
import type { BreakerRegistry } from "../registry/registry.ts";
import { BATCH_LIMIT, BODY_LIMIT, readJson } from "./body.ts";
import type { EdgeContext } from "./context.ts";
import { type Batch, parseAllow, parseBatch, parseRecord } from "./requests.ts";
import { gateAnswer, stateAnswer, verdictAnswer, wireRecordResult, wireVerdict } from "./wire.ts";

/** Adds `POST /v1/allow`, `/v1/record` and `/v1/batch`. */
export function addGateRoutes(app: Hono, context: EdgeContext): void {
  const { registry, now, guard, noteVerdict } = context;
  app.post(
    "/v1/allow",
    guard("crawl", async (c) => {
      const request = parseAllow(await readJson(c.req.raw, BODY_LIMIT));
      const asked = registry.allow(request);
      const verdict = asked instanceof Promise ? await asked : asked;
      noteVerdict?.(c.req.raw, verdict);
      return verdictAnswer(verdict);
    }),
  );
  app.post(
    "/v1/record",
    guard("crawl", async (c) => {
      const { permit, outcome } = parseRecord(await readJson(c.req.raw, BODY_LIMIT), now());
      const result = registry.record(permit, outcome);
      return gateAnswer(wireRecordResult(result instanceof Promise ? await result : result));
    }),
  );
  app.post(
    "/v1/batch",
    guard("crawl", async (c) => {
      const batch = parseBatch(await readJson(c.req.raw, BATCH_LIMIT), now());
      const { verdicts, results } = await answerBatch(registry, batch);
      if (noteVerdict) verdicts.forEach((verdict) => noteVerdict(c.req.raw, verdict));
      return stateAnswer({
        allow: verdicts.map(wireVerdict),
        record: results.map(wireRecordResult),
      });
    }),
  );
}

/** Outcomes first, since they are news that the verdicts should know. All of a kind at once, so that they share writes. */
async function answerBatch(registry: BreakerRegistry, { asks, told }: Batch) {
  const results = await Promise.all(
    told.map(({ permit, outcome }) => registry.record(permit, outcome)),
  );
  const verdicts = await Promise.all(asks.map((ask) => registry.allow(ask)));
  return { verdicts, results };
}
