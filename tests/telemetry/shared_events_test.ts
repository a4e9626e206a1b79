/**
 * Events between processes: two logs on one store, on a clock and timers moved by hand.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { BreakerRegistry } from "../../mod.ts";
import { type EventCursor, EventLog, type EventReader } from "../../src/telemetry/event_log.ts";
import { EVENTS_KEY, MAX_SHARED_EVENTS } from "../../src/telemetry/shared_events.ts";
import { MAX_VALUE_BYTES } from "../../src/stores/store.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ManualTimers, turns } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";

const host = "example.org";

class Reader implements EventReader {
  cursor!: EventCursor; // set by `read`
  ended = false;
  wake() {}
  end() {
    this.ended = true;
  }

  /** What has come since the last time: `type key` of each. */
  news(): string[] {
    const news: string[] = [];
    for (let event = this.cursor.next(); event !== undefined; event = this.cursor.next()) {
      const { type, key = "" } = JSON.parse(event.text);
      news.push(`${type} ${key}`.trim());
    }
    return news;
  }
}

/** A process, as far as a store sees it. */
function processOn(store: ScriptedStore, clock: ManualClock, timers: ManualTimers) {
  const registry = new BreakerRegistry({ store, now: clock.now, timers });
  return { registry, log: new EventLog(registry) };
}

function make() {
  const clock = new ManualClock();
  const timers = new ManualTimers();
  const store = new ScriptedStore(clock.now);
  const process = () => processOn(store, clock, timers);
  const advance = async (ms: number) => {
    await turns(); // what is under way takes no time
    clock.advance(ms);
    await timers.advance(ms);
  };
  return { clock, timers, store, process, advance };
}

async function read(log: EventLog, lastEventId?: string): Promise<Reader> {
  const reader = new Reader();
  log.join(reader);
  reader.cursor = await log.open(lastEventId);
  return reader;
}

function commandsOf(store: ScriptedStore, operation: "read" | "write"): number {
  return store.commands.filter((sent) =>
    sent.operation === operation && sent.keys.includes(EVENTS_KEY)
  ).length;
}

Deno.test("an event is told at once where it happened, and within two seconds elsewhere", async () => {
  const { process, advance } = make();
  const [one, other] = [process(), process()];
  const [here, there] = [await read(one.log), await read(other.log)];
  await one.registry.open(host);
  assertEquals(here.news(), [`transition ${host}`, `operator ${host}`]);
  await advance(1_000);
  assertEquals(there.news(), [`transition ${host}`, `operator ${host}`]);
  await advance(5_000);
  assertEquals([here.news(), there.news()], [[], []]);
});

Deno.test("ids are the same in every process, and each is good to resume from in the other", async () => {
  const { process, advance } = make();
  const [one, other] = [process(), process()];
  const [here, there] = [await read(one.log), await read(other.log)];
  await one.registry.open({ resolver: "r" });
  const seen = here.cursor.next()!.id;
  await advance(1_000);
  assertEquals(there.cursor.next()!.id, seen);
  assertEquals((await read(other.log, seen)).news(), ["operator r"]);
});

Deno.test("where nothing happens and nobody reads, the store is left alone", async () => {
  const { store, process, advance } = make();
  const [{ log }] = [process(), process()];
  await advance(60_000);
  assertEquals(store.count(), 0);
  const reader = await read(log);
  await advance(10_000);
  assertEquals([commandsOf(store, "read"), commandsOf(store, "write")], [11, 0]);
  log.leave(reader);
  await advance(60_000);
  assertEquals(store.count(), 11);
});

Deno.test("events of the same breath are written together, and writes are half a second apart", async () => {
  const { store, process, advance } = make();
  const { registry } = process();
  for (let i = 0; i < 10; i++) await registry.open(`h${i}.example.org`);
  await turns();
  const atOnce = commandsOf(store, "write");
  assertLessOrEqual(atOnce, 1);
  await advance(499);
  assertEquals(commandsOf(store, "write"), 1);
  await advance(1);
  assertEquals(commandsOf(store, "write"), 2);
});

Deno.test("what waits to be handed on is handed on when the registry is disposed, and readers end", async () => {
  const { process } = make();
  const [one, other] = [process(), process()];
  const reader = await read(one.log);
  await one.registry.open("first.example.org");
  await turns();
  await one.registry.open(host);
  await one.registry[Symbol.asyncDispose]();
  assert(reader.ended);
  const late = await read(other.log, "1-zzzzzzzz-0");
  assertEquals(late.news().at(-1), `operator ${host}`);
});

Deno.test("a new reader is told what happened a moment ago elsewhere, not what is old", async () => {
  const { process, advance } = make();
  const [one, other] = [process(), process()];
  await one.registry.open("old.example.org");
  await advance(2_001);
  await one.registry.open("recent.example.org");
  await advance(500);
  const reader = await read(other.log);
  assertEquals(reader.news(), ["transition recent.example.org", "operator recent.example.org"]);
  await one.registry.open("new.example.org");
  await advance(1_500);
  assertEquals(reader.news(), ["transition new.example.org", "operator new.example.org"]);
});

Deno.test("a process that has seen nothing yet resumes as far as the shared ring reaches", async () => {
  const { process, advance } = make();
  const one = process();
  const here = await read(one.log);
  await one.registry.open("a.example.org");
  const first = here.cursor.next()!.id;
  await one.registry.open("b.example.org");
  await advance(1_000);
  const fresh = await read(process().log, first);
  assertEquals(fresh.news(), [
    "operator a.example.org",
    "transition b.example.org",
    "operator b.example.org",
  ]);
});

Deno.test("the shared ring stays within its bounds, and who missed something is told of a gap", async () => {
  const { store, process, advance } = make();
  const [one, other] = [process(), process()];
  const reader = await read(other.log);
  await one.registry.open(host);
  await advance(1_000);
  reader.news();
  const reason = "\u{1F525}".repeat(100);
  for (let i = 0; i < MAX_SHARED_EVENTS; i++) {
    await one.registry.open(`${"long".repeat(40)}${i}.example`.replace(/(.{60})/g, "$1."), {
      reason,
    });
  }
  await advance(500);
  const [stored] = store.inner.read([EVENTS_KEY]);
  assertLessOrEqual(stored!.value.length, MAX_VALUE_BYTES);
  assertEquals(stored!.value.length, new TextEncoder().encode(stored!.value).length);
  assertLessOrEqual(stored!.value.split("\n").length, MAX_SHARED_EVENTS + 1);
  await advance(1_000);
  assertEquals(reader.news()[0], "gap");
  assertEquals(other.log.stats().gaps, 1);
  assert(one.log.stats().dropped > 0);
});

Deno.test("a ring that is over leaves the store, and no gap behind", async () => {
  const { store, process, advance } = make();
  const [one, other] = [process(), process()];
  await one.registry.open(host, { forMs: 1_000 });
  await advance(500);
  assert(store.inner.read([EVENTS_KEY])[0] !== undefined);
  const reader = await read(other.log);
  await advance(3_600_000);
  assertEquals(store.inner.read([EVENTS_KEY])[0], undefined);
  await one.registry.open("later.example.org");
  await advance(2_000);
  assertEquals(reader.news().slice(-2), [
    "transition later.example.org",
    "operator later.example.org",
  ]);
  assertEquals(other.log.stats().gaps, 0);
});

Deno.test("an outage is told where it is, once, and elsewhere when it is over", async () => {
  const { store, process, advance, clock } = make();
  const [one, other] = [process(), process()];
  const [here, there] = [await read(one.log), await read(other.log)];
  other.log.leave(there); // so that only the first process finds the store gone
  store.failure = "reject";
  for (let i = 0; i < 6; i++) await one.registry.allow({ host: `h${i}.example.org` });
  assertEquals(here.news(), ["store_outage"]);
  await advance(5_000);
  assertEquals([here.news(), one.registry.stats().store.up], [[], false]);
  store.failure = undefined;
  await advance(3_000);
  assertEquals(here.news(), ["store_outage"]);
  const { up, outages, downMs } = one.registry.stats().store;
  assertEquals([up, outages], [true, 1]);
  assert(downMs >= 5_000 && downMs <= 8_000, String(downMs));
  await advance(2_000);
  const late = await read(other.log, `${clock.now() - 20_000}-zzzzzzzz-0`);
  assertEquals(late.news(), ["gap", "store_outage", "store_outage"]);
});

for (
  const text of ["", "nonsense", "events 2\nx", "events 1\nx", "events 1\n1-aaaaaaaa-1 x {broken}"]
) {
  Deno.test(`a shared ring that holds ${JSON.stringify(text)} does no harm`, async () => {
    const { store, process, advance, clock } = make();
    store.inner.write(EVENTS_KEY, text, undefined, Infinity);
    const [one, other] = [process(), process()];
    const reader = await read(other.log);
    clock.advance(1);
    await one.registry.open(host);
    await advance(1_500);
    assertEquals(reader.news(), [`transition ${host}`, `operator ${host}`]);
  });
}

Deno.test("a registry with a store of its own hands nothing on", async () => {
  const timers = new ManualTimers();
  await using registry = new BreakerRegistry({ timers });
  const log = new EventLog(registry);
  const reader = await read(log);
  await registry.open(host);
  assertEquals(reader.news(), [`transition ${host}`, `operator ${host}`]);
  assertEquals(timers.waiting, 0);
  assertEquals(registry.stats().commands.read > 0, true);
});
