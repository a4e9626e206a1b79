/**
 * A record that a request is just looking at is not let go to make room for the next one it looks at.
 *
 * @module
 */
import { assertObjectMatch } from "@std/assert";
import { BreakerRegistry, memoryStore, type Store } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, expectDenied, failTimes, send } from "../support/verdicts.ts";

/** A store in memory that answers as one across a network does: later. */
function laterStore(clock: ManualClock): Store {
  const store = memoryStore({ now: clock.now });
  return {
    read: (keys) => Promise.resolve(store.read(keys)),
    write: (key, value, expected, ttlMs) =>
      Promise.resolve(store.write(key, value, expected, ttlMs)),
    list: (prefix, options) => Promise.resolve(store.list(prefix, options)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

const HOST = { host: "h.example" };
const CONFIG = { defaults: { failMax: 1, resetTimeoutMs: 60_000 } };

Deno.test("a host that others opened is denied, though its cell was idle and a resolver is new", async () => {
  const clock = new ManualClock();
  const store = laterStore(clock);
  await using one = new BreakerRegistry({ config: CONFIG, store, now: clock.now });
  await using other = new BreakerRegistry({ config: CONFIG, store, now: clock.now });
  await send(other, HOST, { status: 200 });
  clock.advance(2_000);
  await failTimes(one, HOST, 1);
  const verdict = await other.allow({ ...HOST, resolver: "crossref" });
  assertObjectMatch(expectDenied(verdict), { scope: "host", reason: "open" });
});

Deno.test("a half-open host that is fresh in memory stays half-open while its resolver is read", async () => {
  const clock = new ManualClock();
  const store = laterStore(clock);
  const options = { config: CONFIG, store, now: clock.now, maxHosts: 1 };
  await using one = new BreakerRegistry(options);
  await failTimes(one, HOST, 1);
  clock.advance(60_000);
  await one.inspect(HOST);
  clock.advance(10);
  const verdict = await one.allow({ ...HOST, resolver: "crossref" });
  assertObjectMatch(expectAllowed(verdict), { state: "half_open" });
});
