/**
 * Events as JSON, and as lines from one process to another.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { BreakerEvent } from "../../mod.ts";
import {
  gapEvent,
  isOwn,
  readEvent,
  toldEvent,
  writeEvent,
} from "../../src/telemetry/event_wire.ts";

const AT = 1_800_000_000_000;

Deno.test("an event is told in the names of the wire, with its id and process, and without end as null", () => {
  const event: BreakerEvent = {
    type: "transition",
    at: AT,
    scope: "host",
    key: "api.example.org",
    role: "metadata",
    from: "half_open",
    to: "open",
    reason: "manual",
    until: Infinity,
  };
  const told = toldEvent(event, "abcd1234", 7);
  assertEquals([told.id, told.type, told.at], [`${AT}-abcd1234-7`, "transition", AT]);
  assertEquals(JSON.parse(told.text), {
    ...event,
    id: `${AT}-abcd1234-7`,
    process: "abcd1234",
    until: null,
  });
  const ended = toldEvent(
    { type: "store_outage", at: AT + 0.5, phase: "end", durationMs: 1_500 },
    "p0000000",
    0,
  );
  assertEquals(ended.id, `${AT}-p0000000-0`);
  assertEquals(JSON.parse(ended.text).duration_ms, 1_500);
});

for (const note of ["a\nb", "a\r\nevent: forged", "\u2028é😀", "\ud800", '"}\n\n']) {
  Deno.test(`the operator's words ${JSON.stringify(note)} stay one line of ASCII, and themselves`, () => {
    const event: BreakerEvent = {
      type: "operator",
      at: AT,
      scope: "host",
      key: "h.example.org",
      action: "open",
      until: AT,
      note,
    };
    const told = toldEvent(event, "abcd1234", 1);
    assertMatch(told.text, /^[\x20-\x7e]+$/);
    assertEquals(JSON.parse(told.text).note, note);
    assertEquals(readEvent(writeEvent(told)), told);
  });
}

Deno.test("a policy's change is told by who made it, without the patch", () => {
  const patch = { failMax: 9 };
  const event: BreakerEvent = {
    type: "policy",
    at: AT,
    scope: "host",
    key: "h.example.org",
    override: { patch, at: AT, by: "advisor", reason: "4 opens" },
    here: true,
  };
  const { text } = toldEvent(event, "abcd1234", 1);
  const { action, by, key, reason } = JSON.parse(text);
  assertEquals([action, by, key, reason], ["set", "advisor", "h.example.org", "4 opens"]);
  assert(!/fail_?max/i.test(text), text);
  const removed = { ...event, override: undefined, by: "ops", reason: "undone" };
  const removal = JSON.parse(toldEvent(removed, "abcd1234", 2).text);
  assertEquals([removal.action, removal.by, removal.reason], ["remove", "ops", "undone"]);
  assertEquals([isOwn(event), isOwn({ ...event, here: false })], [true, false]);
});

Deno.test("lines that are none are not read", () => {
  const { id } = toldEvent({ type: "store_outage", at: AT, phase: "begin" }, "abcd1234", 1);
  for (
    const line of [
      "",
      id,
      `${id} transition`,
      `${id} transition []`,
      `${id} Transition {}`,
      `${id} transition {"a":"é"}`,
      `${id} transition {}\rdata: forged`,
      `1-2-3 transition {}`,
    ]
  ) assertEquals(readEvent(line), undefined, line);
  assert(readEvent(`${id} something_new {"future":1}`) !== undefined);
});

Deno.test("a gap names what was asked for, cut short, and has no id of its own", () => {
  const gap = gapEvent(AT, "x".repeat(500));
  assertEquals([gap.id, gap.type], ["", "gap"]);
  assertEquals(JSON.parse(gap.text), { type: "gap", at: AT, last_event_id: "x".repeat(64) });
  assertEquals(JSON.parse(gapEvent(AT, undefined).text), { type: "gap", at: AT });
});
