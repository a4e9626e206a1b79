/**
 * The ring of the last events: bounds, and what a reader who comes back is told.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { EventRing, LATE_MS } from "../../src/telemetry/event_ring.ts";
import type { ToldEvent } from "../../src/telemetry/event_wire.ts";

const START = 1_800_000_000_000;
const BOUNDS = { events: 5, bytes: 1_000 };

function event(n: number, process = "aaaaaaaa", at = START + n, text = "{}"): ToldEvent {
  return { id: `${at}-${process}-${n}`, at, process, type: "transition", text };
}

function ringOf(events: ToldEvent[], bounds = BOUNDS): EventRing {
  const ring = new EventRing(bounds);
  for (const each of events) ring.push(each);
  return ring;
}

function ids({ events }: { events: ToldEvent[] }): string[] {
  return events.map(({ id }) => id);
}

Deno.test("the ring holds as many events as it may, and lets the oldest go for one more", () => {
  const events = [0, 1, 2, 3, 4].map((n) => event(n));
  const ring = ringOf(events);
  assertEquals([ring.isOver(0), ring.at(0)?.id, ring.next], [false, events[0]!.id, 5]);
  ring.push(event(5));
  assertEquals([ring.isOver(0), ring.at(0), ring.at(1)?.id, ring.next], [
    true,
    undefined,
    events[1]!.id,
    6,
  ]);
});

Deno.test("the ring holds as many bytes as it may, and lets the oldest go for one more", () => {
  const half = "x".repeat(500);
  const ring = ringOf([event(0, "aaaaaaaa", START, half), event(1, "aaaaaaaa", START, half)]);
  assertEquals(ring.isOver(0), false);
  ring.push(event(2, "aaaaaaaa", START, "x"));
  assertEquals([ring.isOver(0), ring.isOver(1)], [true, false]);
});

Deno.test("an event is held once, however often it comes", () => {
  const ring = ringOf([event(0)]);
  assertEquals(ring.push(event(0)), false);
  assertEquals(ring.next, 1);
});

Deno.test("a reader who comes back is told what it has not seen, in order and without a gap", () => {
  const events = [0, 1, 2, 3].map((n) => event(n));
  const ring = ringOf(events);
  for (const [i, { id }] of events.entries()) {
    const resumed = ring.resume(id);
    assertEquals(ids(resumed), events.slice(i + 1).map((each) => each.id));
    assertEquals([resumed.gap, resumed.next], [false, 4]);
  }
});

Deno.test("what others did shortly before the asked event is told again: elsewhere it may have come later", () => {
  const asked = event(9, "aaaaaaaa", START + LATE_MS);
  const old = event(1, "bbbbbbbb", START - 1);
  const justRecent = event(2, "bbbbbbbb", START);
  const own = event(8, "aaaaaaaa", START + LATE_MS);
  const later = event(3, "bbbbbbbb", START + 1);
  const ring = ringOf([old, justRecent, own, asked, later]);
  assertEquals(ids(ring.resume(asked.id)), [justRecent.id, later.id]);
});

Deno.test("an event that is no longer held leaves a gap; what is held from its time on is told", () => {
  const events = [0, 1, 2, 3, 4, 5].map((n) => event(n));
  const ring = ringOf(events);
  const resumed = ring.resume(events[0]!.id);
  assertEquals([resumed.gap, resumed.next], [true, 6]);
  assertEquals(ids(resumed), events.slice(1).map(({ id }) => id));
  const young = ring.resume(`${START + 4 + LATE_MS}-cccccccc-0`);
  assertEquals([young.gap, ids(young)], [true, [events[4]!.id, events[5]!.id]]);
});

for (const id of ["", "nonsense", "1-2-3", `${START}-AAAAAAAA-1`, "9".repeat(5_000), "__proto__"]) {
  Deno.test(`the id ${JSON.stringify(id.slice(0, 20))} is of no event: all that is held is told after a gap`, () => {
    const events = [0, 1].map((n) => event(n));
    const resumed = ringOf(events).resume(id);
    assertEquals([resumed.gap, ids(resumed)], [true, events.map((each) => each.id)]);
  });
}
