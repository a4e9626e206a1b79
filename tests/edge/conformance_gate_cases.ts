/**
 * What the contract says of `/v1/allow`, `/v1/record` and `/v1/batch`.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { problemFields } from "./calls.ts";
import {
  call,
  type Cases,
  crawl,
  failOpen,
  freshHost,
  freshResolver,
  tell,
} from "./conformance_edge.ts";

/** Names of the fields of an answer, sorted. */
function fields(answer: object): string[] {
  return Object.keys(answer).sort();
}

const ALLOWED = ["allowed", "permit", "state", "wait_ms"];
const DENIED = ["allowed", "key", "reason", "retry_after_ms", "scope", "state"];
const RECORDED = ["recorded", "retry_after_ms", "state"];

function assertWithin(value: number, above: number, atMost: number): void {
  assertGreater(value, above);
  assertLessOrEqual(value, atMost);
}

/** See the module's description. */
export const GATE_CASES: Cases = {
  "POST /v1/allow takes host or url, role and resolver, and answers allowed, permit, state and wait_ms":
    async (edge) => {
      const host = freshHost();
      const resolver = freshResolver();
      for (
        const ask of [
          { host },
          { url: `https://${host}/works?q=1` },
          { host, role: "metadata" },
          { host, resolver },
          { url: `https://${host}/`, role: "artifact", resolver },
        ]
      ) {
        const verdict = await crawl(edge, "/v1/allow", ask);
        assertEquals(fields(verdict), ALLOWED);
        assertEquals([verdict.allowed, verdict.state, verdict.wait_ms], [true, "closed", 0]);
        assertEquals(typeof verdict.permit, "string");
      }
    },

  "POST /v1/allow takes exactly one of host and url": async (edge) => {
    const host = freshHost();
    const neither = await call(edge, "POST", "/v1/allow", { role: "metadata" });
    assertEquals(problemFields(neither, 400), ["host"]);
    const both = await call(edge, "POST", "/v1/allow", { host, url: `https://${host}/` });
    assertEquals(problemFields(both, 400), ["url"]);
  },

  "a denial is 200 with reason, scope, key, state and retry_after_ms, and Retry-After in whole seconds, rounded up":
    async (edge) => {
      const host = freshHost();
      await failOpen(edge, { host });
      const { status, headers, body } = await call(edge, "POST", "/v1/allow", { host });
      assertEquals([status, fields(body)], [200, DENIED]);
      const { retry_after_ms, ...rest } = body;
      assertEquals(rest, {
        allowed: false,
        reason: "open",
        scope: "host",
        key: host,
        state: "open",
      });
      assertWithin(retry_after_ms, 0, 30_000);
      assertEquals(headers.get("retry-after"), String(Math.ceil(retry_after_ms / 1_000)));
      const allowed = await call(edge, "POST", "/v1/allow", { host: freshHost() });
      assertEquals(allowed.headers.get("retry-after"), null);
    },

  "a Retry-After silences the host, and the verdict says so": async (edge) => {
    const host = freshHost();
    const told = await tell(edge, { host }, { status: 429, retry_after: "120" });
    assertEquals([told.recorded, told.state], [true, "open"]);
    assertWithin(told.retry_after_ms, 110_000, 120_000);
    const { reason, retry_after_ms } = await crawl(edge, "/v1/allow", { host });
    assertEquals(reason, "retry_after");
    assertWithin(retry_after_ms, 110_000, 120_000);
  },

  "failures within the rolling window silence the host, and the verdict says so": async (edge) => {
    const host = freshHost();
    const rolling = { enabled: true, threshold_failures: 2, window_s: 30, cooldown_s: 60 };
    await call(edge, "PUT", `/v1/policies/${host}`, { fail_max: 9, rolling });
    for (let i = 0; i < 2; i++) await tell(edge, { host }, { status: 500 });
    const { reason, retry_after_ms } = await crawl(edge, "/v1/allow", { host });
    assertEquals(reason, "rolling");
    assertWithin(retry_after_ms, 50_000, 60_000);
  },

  "an open by hand denies with reason manual": async (edge) => {
    const host = freshHost();
    await call(edge, "PUT", `/v1/breakers/${host}`, { state: "open", seconds: 90 });
    const { reason, state, retry_after_ms } = await crawl(edge, "/v1/allow", { host });
    assertEquals([reason, state], ["manual", "open"]);
    assertWithin(retry_after_ms, 80_000, 90_000);
  },

  "a probe says half_open and how long to wait, and whoever comes next is denied for probes":
    async (edge) => {
      const host = freshHost();
      await call(edge, "PUT", `/v1/breakers/${host}`, { state: "half_open" });
      const probe = await crawl(edge, "/v1/allow", { host });
      assertEquals([fields(probe), probe.state], [ALLOWED, "half_open"]);
      assertWithin(probe.wait_ms, -1, 150);
      const { reason, state, retry_after_ms } = await crawl(edge, "/v1/allow", { host });
      assertEquals([reason, state], ["probes", "half_open"]);
      assertWithin(retry_after_ms, 0, 30_000);
      const told = await crawl(edge, "/v1/record", { permit: probe.permit, status: 200 });
      assertEquals(told, { recorded: true, state: "closed", retry_after_ms: 0 });
    },

  "where the resolver's breaker denies, scope and key name it": async (edge) => {
    const resolver = freshResolver();
    for (let i = 0; i < 2; i++) await tell(edge, { host: freshHost(), resolver }, { status: 500 });
    const verdict = await crawl(edge, "/v1/allow", { host: freshHost(), resolver });
    assertEquals([verdict.scope, verdict.key, verdict.reason], ["resolver", resolver, "open"]);
  },

  "POST /v1/record takes status, error or result, and answers recorded, state and retry_after_ms":
    async (edge) => {
      for (
        const outcome of [
          { status: 200 },
          { status: 200, latency_ms: 12.5 },
          { status: 304, from_cache: true },
          { status: 503, retry_after: "soon" },
          { error: "TimeoutError", latency_ms: 10_000 },
          { result: "success" },
          { result: "failure", retry_after: null },
          { result: "neutral" },
          { result: "cancelled" },
        ]
      ) {
        const result = await tell(edge, { host: freshHost() }, outcome);
        assertEquals(fields(result), RECORDED);
        assertEquals(result, { recorded: true, state: "closed", retry_after_ms: 0 });
      }
    },

  "POST /v1/record takes exactly one of status, error and result": async (edge) => {
    const refused = async (outcome: Record<string, unknown>) =>
      problemFields(await call(edge, "POST", "/v1/record", { permit: "p", ...outcome }), 400);
    assertEquals(await refused({}), ["status"]);
    assertEquals(await refused({ status: 200, result: "success" }), ["status", "result"]);
  },

  "a permit that cannot be read, or was used, is no error: recorded is false": async (edge) => {
    for (const permit of ["", "nonsense", "1~a~b~c0~~~~example.org", "\u0000", "x".repeat(9_000)]) {
      const result = await crawl(edge, "/v1/record", { permit, status: 503 });
      assertEquals([fields(result), result.recorded], [RECORDED, false]);
    }
    const { permit } = await crawl(edge, "/v1/allow", { host: freshHost() });
    const recorded = async () => {
      return (await crawl(edge, "/v1/record", { permit, status: 503 })).recorded;
    };
    assertEquals([await recorded(), await recorded()], [true, false]);
  },

  "POST /v1/batch gives the same answers in order": async (edge) => {
    const [fine, down] = [freshHost(), freshHost()];
    await failOpen(edge, { host: down });
    const { permit } = await crawl(edge, "/v1/allow", { host: fine });
    const batch = await crawl(edge, "/v1/batch", {
      allow: [{ host: down }, { host: fine }, { url: `https://${down}/` }],
      record: [{ permit: "nonsense", status: 200 }, { permit, status: 200 }],
    });
    assertEquals(fields(batch), ["allow", "record"]);
    assertEquals(batch.allow.map(fields), [DENIED, ALLOWED, DENIED]);
    assertEquals(batch.record.map(fields), [RECORDED, RECORDED]);
    assertEquals(batch.record.map(({ recorded }: { recorded: boolean }) => recorded), [
      false,
      true,
    ]);
    assertEquals(await crawl(edge, "/v1/batch", {}), { allow: [], record: [] });
  },

  "POST /v1/batch takes up to 100 of each, and more are too large": async (edge) => {
    const allow = Array.from({ length: 100 }, () => ({ host: freshHost() }));
    const record = allow.map(() => ({ permit: "p", status: 200 }));
    const full = await crawl(edge, "/v1/batch", { allow, record });
    assertEquals([full.allow.length, full.record.length], [100, 100]);
    assert(full.allow.every(({ allowed }: { allowed: boolean }) => allowed));
    const asks = await call(edge, "POST", "/v1/batch", {
      allow: [...allow, { host: freshHost() }],
    });
    assertEquals(problemFields(asks, 413), ["allow"]);
    const told = await call(edge, "POST", "/v1/batch", { record: [...record, record[0]] });
    assertEquals(problemFields(told, 413), ["record"]);
  },
};
