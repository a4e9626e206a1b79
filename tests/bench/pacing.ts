/**
 * What a rate costs: writes to the store for a minute of requests, by a clock of its own, and the time that a
 * slot from a lease takes.
 *
 * @module
 */
import { type AllowedVerdict, BreakerRegistry } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { Random } from "../support/random.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { type Figure, type Group, nanoseconds } from "./figure.ts";

const HOST = "api.example.org";
const STEP_MS = 10;
const CALLS = 100_000;

/** A minute of so many processes that each ask with this chance every 10 ms. */
async function minuteOf(rate: string, processes: number, chance: number): Promise<Figure[]> {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const random = new Random(1);
  const config = { rates: { [HOST]: { "*": rate } } };
  const options = { config, store, now: clock.now, random: () => random.fraction() };
  const registries = Array.from({ length: processes }, () => new BreakerRegistry(options));
  let sent = 0;
  for (let ms = 0; ms < 60_000; ms += STEP_MS) {
    const asking = registries.filter(() => random.chance(chance));
    const verdicts = await Promise.all(asking.map((registry) => registry.allow({ host: HOST })));
    sent += verdicts.filter(({ allowed }) => allowed).length;
    clock.advance(STEP_MS);
  }
  const name = `${rate}, ${processes} processes that ask ${
    chance * 1_000 / STEP_MS
  } times a second`;
  return [
    { name: `${name}: requests a minute`, value: sent, unit: "" },
    { name: `${name}: writes`, value: store.count("write"), unit: "" },
  ];
}

function pair(registry: BreakerRegistry, clock: ManualClock): () => unknown {
  return () => {
    clock.advance(2);
    // Safe: twice as slow as the rate, and the memory store answers without a promise.
    const verdict = registry.allow({ host: HOST }) as AllowedVerdict;
    return registry.record(verdict.permit, { status: 200 });
  };
}

/** The figures. */
export const pacing: Group = {
  name: "pacing",
  async run() {
    const clock = new ManualClock();
    const paced = { rates: { [HOST]: { "*": "1000/s" } } };
    await using plain = new BreakerRegistry({ now: clock.now });
    await using held = new BreakerRegistry({ now: clock.now, config: paced });
    return [
      {
        name: "allow + record, no rate",
        value: await nanoseconds(CALLS, pair(plain, clock)),
        unit: "ns",
      },
      {
        name: "allow + record, with a rate",
        value: await nanoseconds(CALLS, pair(held, clock)),
        unit: "ns",
      },
      ...await minuteOf("200/s", 1, 1),
      ...await minuteOf("40/s", 1, 1),
      ...await minuteOf("200/s", 8, 1),
      ...await minuteOf("40/s", 8, 1),
      ...await minuteOf("200/s", 8, 0.1),
      ...await minuteOf("1/3s", 1, 1),
    ];
  },
};
