/**
 * The stored form of a record: nothing is lost, what cannot be read counts as absent, and it stays small.
 *
 * @module
 */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  decodeRecord,
  encodeRecord,
  recordFromJson,
  recordToJson,
} from "../../src/breaker/record_codec.ts";
import { admit, tell } from "../../src/breaker/machine.ts";
import { operate } from "../../src/breaker/operate.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../src/breaker/policy.ts";
import {
  type BreakerRecord,
  type ClosedTrack,
  EMPTY_RECORD,
  HEALTHY,
  type OpenTrack,
  type Track,
} from "../../src/breaker/record.ts";
import { START } from "../support/machine_driver.ts";

const CLOSED: ClosedTrack = {
  state: "closed",
  generation: 7,
  since: START,
  at: START + 5,
  failures: 2,
  counted: ["a1", "a2"],
  opens: 3,
  creditMs: 12.5,
};

const OPEN: OpenTrack = {
  state: "open",
  generation: 9,
  since: START,
  at: START + 5,
  until: START + 60_000,
  reason: "rolling",
  note: "moving house",
  failures: 5,
  opens: 1,
  creditMs: 40,
  probing: true,
  successes: 2,
  leases: [{ id: "b1", role: "", until: START + 30 }, { id: "b2", role: "landing", until: START }],
};

const { note: _note, ...OPEN_WITHOUT_NOTE } = OPEN;

function record(parts: Partial<BreakerRecord>): BreakerRecord {
  return { ...EMPTY_RECORD, ...parts };
}

for (
  const [name, whole] of [
    ["an empty record", EMPTY_RECORD],
    ["a closed breaker", record({ tracks: new Map([["", CLOSED]]) })],
    ["an open breaker", record({ tracks: new Map([["metadata", OPEN]]) })],
    ["an open breaker without a note", record({ tracks: new Map([["", OPEN_WITHOUT_NOTE]]) })],
    ["an open without end", record({ rest: { ...OPEN, until: Infinity } })],
    ["a healthy breaker beside the rest", record({ rest: OPEN, tracks: new Map([["", HEALTHY]]) })],
    ["a deadline at the epoch", record({ rest: { ...OPEN, until: 0 } })],
    ["a rolling window", record({ rolling: [[START, "c1"], [START + 1, ""]] })],
    [
      "a role called __proto__",
      record({ tracks: new Map<string, Track>([["__proto__", OPEN], ["", CLOSED]]) }),
    ],
  ] as const
) {
  Deno.test(`${name} comes back from its stored form as it was`, () => {
    assertEquals(decodeRecord(encodeRecord(whole)), whole);
    assertEquals(recordFromJson(structuredClone(recordToJson(whole))), whole);
  });
}

Deno.test("equal records are equal texts, whatever order their fields were written in", () => {
  const reversed = Object.fromEntries(Object.entries(OPEN).reverse()) as unknown as OpenTrack; // safe: the same fields
  assertEquals(encodeRecord(record({ rest: reversed })), encodeRecord(record({ rest: OPEN })));
});

Deno.test("fields at their usual value take no room", () => {
  const lean = { ...OPEN_WITHOUT_NOTE, leases: [], successes: 0, probing: false, creditMs: 0 };
  assertEquals(
    encodeRecord(record({ tracks: new Map([["", lean]]) })),
    `{"v":1,"tracks":{"":{"state":"open","generation":9,"since":${START},"at":${START + 5},` +
      `"failures":5,"opens":1,"until":${START + 60_000},"reason":"rolling"}}}`,
  );
});

const GOOD = recordToJson(record({ rest: OPEN, tracks: new Map([["", CLOSED]]) }));

function changed(change: (json: { rest: Json; tracks: Record<string, Json> }) => void): string {
  // Safe: what `record` was given above.
  const json = structuredClone(GOOD) as { rest: Json; tracks: Record<string, Json> };
  change(json);
  return JSON.stringify(json);
}

type Json = Record<string, unknown>;

for (
  const [name, text] of [
    ["nothing", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["a number", "1"],
    ["a list", "[]"],
    ["a string", '"x"'],
    ["an object without a version", "{}"],
    ["an older version", '{"v":0}'],
    ["a newer version", '{"v":2}'],
    ["a version as text", '{"v":"1"}'],
    ["tracks as a list", '{"v":1,"tracks":[]}'],
    ["tracks as text", '{"v":1,"tracks":"x"}'],
    ["a rest of null", '{"v":1,"rest":null}'],
    ["a rolling window as text", '{"v":1,"rolling":"x"}'],
    ["a rolling entry without an id", '{"v":1,"rolling":[[1]]}'],
    ["a rolling entry with a third part", '{"v":1,"rolling":[[1,"a",2]]}'],
    ["a rolling time as text", '{"v":1,"rolling":[["1","a"]]}'],
    [
      "too long a rolling window",
      `{"v":1,"rolling":${JSON.stringify(Array(1_001).fill([1, "a"]))}}`,
    ],
    ["an unknown state", changed(({ rest }) => rest.state = "half_open")],
    ["no state", changed(({ rest }) => delete rest.state)],
    ["an unknown reason", changed(({ rest }) => rest.reason = "weather")],
    ["no reason", changed(({ rest }) => delete rest.reason)],
    ["no deadline", changed(({ rest }) => delete rest.until)],
    ["a deadline as text", changed(({ rest }) => rest.until = "soon")],
    ["a negative deadline", changed(({ rest }) => rest.until = -1)],
    ["a negative count", changed(({ tracks }) => tracks[""]!.failures = -1)],
    ["a count as text", changed(({ tracks }) => tracks[""]!.failures = "2")],
    ["a generation that no permit can name", changed(({ rest }) => rest.generation = 1e300)],
    ["half a generation", changed(({ rest }) => rest.generation = 1.5)],
    ["a note that is a number", changed(({ rest }) => rest.note = 5)],
    ["too long a note", changed(({ rest }) => rest.note = "x".repeat(1_001))],
    ["a counted id that is a number", changed(({ tracks }) => tracks[""]!.counted = [1])],
    ["too long an id", changed(({ tracks }) => tracks[""]!.counted = ["x".repeat(65)])],
    ["too many ids", changed(({ tracks }) => tracks[""]!.counted = Array(257).fill("x"))],
    ["too many leases", changed(({ rest }) => rest.leases = Array(257).fill(["x", "", 1]))],
    ["a lease that is an object", changed(({ rest }) => rest.leases = [{}])],
    [
      "too many breakers",
      JSON.stringify({
        v: 1,
        tracks: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`r${i}`, GOOD.rest])),
      }),
    ],
  ] as const
) {
  Deno.test(`a stored value with ${name} counts as absent`, () => {
    assertEquals(decodeRecord(text), undefined);
  });
}

Deno.test("recordFromJson says which field it cannot read", () => {
  const json = JSON.parse(changed(({ rest }) => rest.reason = "weather"));
  assertThrows(() => recordFromJson(json), TypeError, "'reason' is weather");
});

/** As long as permit ids get in practice: a prefix and a counter that has run for years. */
const longId = (n: number) => `abcdefgh${n.toString(36).padStart(8, "0")}`;

Deno.test("the largest record that a policy allows stays below 60,000 bytes", () => {
  const roles = Object.fromEntries(
    Array.from({ length: 32 }, (_, i) => [`role-with-quite-a-long-name-${i}`, { trialCalls: 256 }]),
  );
  const own = Object.fromEntries(
    Object.keys(roles).slice(0, 16).map((role) => [role, { failMax: 500 }]),
  );
  const policy = mergePolicy(DEFAULT_POLICY, {
    failMax: 1_000_000,
    rolling: { enabled: true, thresholdFailures: 1_000, windowMs: 3_600_000 },
  });
  const wide = mergePolicy(mergePolicy(policy, { roles }), { roles: own });
  const names = Object.keys(wide.roles);
  let current: BreakerRecord | undefined;
  let largest = 0;
  const keep = (next: BreakerRecord | undefined) => {
    current = next;
    if (next) largest = Math.max(largest, encodeRecord(next).length);
  };
  let n = 0;
  const fail = (role: string) => {
    const id = longId(n++);
    const admission = admit(current, { type: "allow", role, id }, wide, START);
    keep(admission.record);
    if (!admission.answer.allowed) return;
    const { mark } = admission.answer;
    const outcome = { type: "outcome", role, id, issuedAt: START, mark, kind: "failure" } as const;
    keep(tell(current, outcome, wide, START + n).record);
  };
  for (let i = 0; i < 999; i++) fail(names[i % names.length]!);
  keep(
    operate(current, { type: "open", until: START + 1, note: "x".repeat(500) }, wide, START).record,
  );
  for (const role of names) {
    for (let i = 0; i < 256; i++) {
      keep(admit(current, { type: "allow", role, id: longId(n++) }, wide, START + 1).record);
    }
  }
  assertLess(largest, 60_000);
});
