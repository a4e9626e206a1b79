/**
 * What it costs to look back: a million logged requests replayed, from memory and from the SQLite file, a search
 * for the best policy, and the log that is written meanwhile.
 *
 * @module
 */
import process from "node:process";
import { type AllowedVerdict, BreakerRegistry } from "../../mod.ts";
import { DEFAULT_POLICY } from "../../src/breaker/policy.ts";
import { openSqliteLog } from "../../src/telemetry/sqlite_log.ts";
import { openEventFile } from "../../src/tuning/event_file.ts";
import { searchPolicy } from "../../src/tuning/grid.ts";
import type { HttpEvent } from "../../src/tuning/http_event.ts";
import { replay } from "../../src/tuning/replay.ts";
import { Random } from "../support/random.ts";
import type { Figure, Group } from "./figure.ts";

const EVENTS = 1_000_000;
const SEARCHED = 20_000;
const HOSTS = 200;
const START = 1_800_000_000_000;
const CANDIDATE = { ...DEFAULT_POLICY, failMax: 3 };
/** Between two requests, all hosts together. */
const STEP_MS = 20;
/** How long a host is well, then down. */
const WELL_MS = 1_200_000;
const DOWN_MS = 120_000;

/** What comes of asking for so much at some second. */
interface Asked {
  host: string;
  status: number;
  latencyMs: number;
}

/** One request in twenty is for a host that is down just then. */
function* asked(count: number): Generator<Asked & { ts: number }> {
  const random = new Random(7);
  for (let i = 0; i < count; i++) {
    const ts = START + i * STEP_MS;
    const number = random.whole(0, HOSTS - 1);
    const phase = (i * STEP_MS + number * 10_000) % (WELL_MS + DOWN_MS);
    const status = phase < DOWN_MS ? 503 : 200;
    yield { ts, host: `host${number}.example.org`, status, latencyMs: random.whole(20, 2_000) };
  }
}

/** The log of those who asked, held by a breaker or only watched by it. */
function logged(count: number, held: boolean): HttpEvent[] {
  let now = START;
  const registry = new BreakerRegistry({ now: () => now });
  return [...asked(count)].map(({ ts, host, status, latencyMs }): HttpEvent => {
    now = ts;
    if (!held) return { ts, host, status, latencyMs, recorded: true, breakerState: "closed" };
    const verdict = registry.allow({ host });
    // Safe, as below: the memory store answers without a promise.
    if (!(verdict as AllowedVerdict).allowed) return { ts, host, breakerState: "open" };
    registry.record((verdict as AllowedVerdict).permit, { status });
    return { ts, host, status, latencyMs, recorded: true, breakerState: "closed" };
  });
}

/** Of processor time, all threads together: others may keep the machine busy meanwhile. */
function seconds(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** Looks every so many events; rubbish that is not yet collected counts too. */
function mostHeapMb(
  run: (looked: (events: Iterable<HttpEvent>) => Iterable<HttpEvent>) => unknown,
): number {
  const before = Deno.memoryUsage().heapUsed;
  let most = 0;
  run(function* (events) {
    let count = 0;
    for (const event of events) {
      if (count++ % 1_000 === 0) most = Math.max(most, Deno.memoryUsage().heapUsed - before);
      yield event;
    }
  });
  return most / 1e6;
}

function replayed(name: string, events: HttpEvent[]): Figure {
  const value = seconds(() => replay(events, CANDIDATE));
  return { name, value, unit: "s CPU", goal: "10 or less" };
}

async function throughFile(): Promise<Figure[]> {
  const directory = await Deno.makeTempDir({ prefix: "breakwater-" });
  const path = `${directory}/events.sqlite`;
  let now = START;
  const plain = new BreakerRegistry({ now: () => now });
  const registry = new BreakerRegistry({ now: () => now });
  const run = (gate: BreakerRegistry) => {
    for (const { ts, host, status, latencyMs } of asked(EVENTS)) {
      now = ts;
      const verdict = gate.allow({ host }) as AllowedVerdict; // safe: the memory store answers at once
      if (verdict.allowed) gate.record(verdict.permit, { status, latencyMs });
    }
  };
  const plainS = seconds(() => run(plain));
  const log = await openSqliteLog(registry, path, { maxRows: 2 * EVENTS });
  const loggedS = seconds(() => run(registry));
  log.close();
  using file = await openEventFile(path);
  const replayS = seconds(() => replay(file.events(), CANDIDATE));
  const heapMb = mostHeapMb((looked) => replay(looked(file.events()), CANDIDATE));
  const { size } = await Deno.stat(path);
  await Deno.remove(directory, { recursive: true });
  return [
    {
      name: "a row in the SQLite log, added to allow + record",
      value: (loggedS - plainS) / EVENTS * 1e6,
      unit: "us CPU",
    },
    { name: "size of a row", value: size / EVENTS, unit: "bytes" },
    {
      name: "1,000,000 events replayed from the SQLite log",
      value: replayS,
      unit: "s CPU",
      goal: "10 or less",
    },
    { name: "most heap in use meanwhile, above that before", value: heapMb, unit: "MB" },
  ];
}

/** The figures. */
export const replays: Group = {
  name: "replay",
  async run() {
    const file = await throughFile();
    const held = logged(EVENTS, true);
    return [
      replayed("1,000,000 events replayed, nothing denied", logged(EVENTS, false)),
      replayed("1,000,000 events replayed, with denials to estimate", held),
      ...file,
      {
        name: `a search over ${SEARCHED.toLocaleString("en")} events, 109 policies`,
        value: seconds(() => searchPolicy(held.slice(0, SEARCHED), DEFAULT_POLICY)),
        unit: "s CPU",
      },
    ];
  },
};
