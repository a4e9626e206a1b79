/**
 * What sharing costs: commands to the store per 1,000 requests that are asked for, in simulated crawls, beside
 * three common designs. Every call to the store counts as one command, whichever design makes it.
 *
 * @module
 */
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { Random } from "../support/random.ts";
import {
  type Design,
  type DesignOptions,
  lockPerRequest,
  recordPerRequest,
  sharedOpens,
} from "./designs.ts";
import { Network } from "./network.ts";
import { Scheduler } from "./scheduler.ts";
import type { Store } from "../../src/stores/store.ts";
import { SimStore } from "./store.ts";

/** Dollars per command of a store that is paid by use. */
const DOLLARS_PER_COMMAND = 0.2 / 100_000;
export const WORKERS = [1, 10, 100];
/** Virtual time of one crawl, in milliseconds. */
const CRAWL_MS = 120_000;
/** Hosts that exist, and hosts that one worker is at. */
const HOSTS = 1_000;
const HOSTS_AT_ONCE = 10;
/** Mean time between two requests of a worker, in milliseconds: each host is asked once a second. */
const PAUSE_MS = 100;
const LATENCY_MS = 5;
const HOT_HOST = "hot.example";

/** How healthy the world is. */
export interface Traffic {
  name: string;
  isDown: (host: string) => boolean;
  /** Share of requests that go to one host. */
  hotRatio: number;
}

export const TRAFFIC: readonly Traffic[] = [
  { name: "all hosts healthy", isDown: () => false, hotRatio: 0 },
  { name: "1 % of hosts down", isDown: (host) => /^host-\d*00\./.test(host), hotRatio: 0 },
  { name: "one hot host down", isDown: (host) => host === HOT_HOST, hotRatio: 0.2 },
];

/** How one design is made for one worker. */
export type MakeDesign = (options: DesignOptions & Crawl) => Design;

/** What all workers of a crawl share. */
export interface Crawl {
  scheduler: Scheduler;
  random: Random;
}

export const DESIGNS: Record<string, MakeDesign> = {
  "breakwater": (options) => breakwater(options, 500, "state"),
  "breakwater, freshness 5 s": (options) => breakwater(options, 5_000, "state"),
  "breakwater, share: cooldowns": (options) => breakwater(options, 500, "cooldowns"),
  "record read and written per request": recordPerRequest,
  "lock around every request": lockPerRequest,
  "local breakers that share opens": sharedOpens,
};

function breakwater(
  { store, now, random, scheduler }: DesignOptions & Crawl,
  freshnessMs: number,
  share: "state" | "cooldowns",
): Design {
  const after = (ms: number, fn: () => void) => scheduler.after(ms, fn);
  const registry = new BreakerRegistry({
    store,
    now,
    freshnessMs,
    share,
    random: () => random.fraction(),
    timers: { monotonic: now, after, idle: after },
  });
  const permits = new Map<string, string[]>();
  return {
    async allow(host) {
      const verdict = await registry.allow({ host });
      if (!verdict.allowed) return false;
      permits.set(host, [...permits.get(host) ?? [], verdict.permit]);
      return true;
    },
    async record(host, failed) {
      const permit = permits.get(host)?.shift();
      if (permit) await registry.record(permit, { status: failed ? 500 : 200 });
    },
  };
}

/** What 1,000 requests cost. */
export interface Cost {
  commands: number;
  /** Of keys and values, both ways. */
  bytes: number;
}

/** Adds up the characters that go to a store and come back: keys and values are plain ASCII. */
function weighed(store: Store, add: (bytes: number) => void): Store {
  return {
    ...store,
    async read(keys) {
      keys.forEach((key) => add(key.length));
      const answers = await store.read(keys);
      answers.forEach((answer) => add(answer?.value.length ?? 0));
      return answers;
    },
    write(key, value, ...rest) {
      add(key.length + (value?.length ?? 0));
      return store.write(key, value, ...rest);
    },
  };
}

/** A crawl in simulated time. */
export async function crawl(make: MakeDesign, traffic: Traffic, workers: number): Promise<Cost> {
  const scheduler = new Scheduler();
  const random = new Random(1);
  const network = new Network({ random, latencyMs: LATENCY_MS, exact: true, troubleRatio: 0 });
  const store = new SimStore({
    scheduler,
    random,
    network,
    replicaLagMs: 0,
    lazyTtlMs: 0,
    tellsCurrent: true,
    onWrite: () => {},
  });
  const end = scheduler.now + CRAWL_MS;
  let requests = 0;
  let bytes = 0;
  for (let worker = 0; worker < workers; worker++) {
    const design = make({
      store: weighed(store.connect(worker, () => true), (some) => bytes += some),
      now: () => Math.floor(scheduler.now),
      sleep: (ms) => scheduler.sleep(ms),
      scheduler,
      random,
    });
    // A loop per host that the worker is at: a polite crawler asks one host after the other's answer.
    for (let loop = 0; loop < HOSTS_AT_ONCE; loop++) {
      void crawlHosts(design, traffic, { scheduler, random }, end, () => requests++);
    }
  }
  await scheduler.runUntil(() => scheduler.now >= end, () => {});
  const { read, write } = store.commands;
  return { commands: (read + write) * 1_000 / requests, bytes: bytes * 1_000 / requests };
}

async function crawlHosts(
  design: Design,
  { isDown, hotRatio }: Traffic,
  { scheduler, random }: Crawl,
  end: number,
  asked: () => void,
): Promise<void> {
  while (scheduler.now < end) {
    // Some twenty requests, then the next host.
    const own = `host-${random.whole(1, HOSTS)}.example`;
    for (let i = 0; i < 20; i++) {
      await scheduler.sleep(random.whole(0, 2 * PAUSE_MS * HOSTS_AT_ONCE));
      const host = random.chance(hotRatio) ? HOT_HOST : own;
      asked();
      if (!await design.allow(host)) continue;
      await scheduler.sleep(random.whole(20, 200));
      await design.record(host, isDown(host));
    }
  }
}

/** The table, in Markdown. */
export async function costTable(): Promise<string> {
  const lines = [
    `| traffic | workers | ${Object.keys(DESIGNS).join(" | ")} |`,
    `| --- | ---: | ${Object.keys(DESIGNS).map(() => "---:").join(" | ")} |`,
  ];
  for (const traffic of TRAFFIC) {
    for (const workers of WORKERS) {
      const cells: string[] = [];
      for (const make of Object.values(DESIGNS)) {
        cells.push(describeCost((await crawl(make, traffic, workers)).commands));
      }
      lines.push(`| ${traffic.name} | ${workers} | ${cells.join(" | ")} |`);
    }
  }
  return [
    ...lines,
    "",
    "Commands to the store per 1,000 requests asked for, and dollars per million requests at " +
    "$0.20 per 100,000 commands. " +
    `Each worker is at ${HOSTS_AT_ONCE} of ${HOSTS} hosts and asks each about once a second; ` +
    "the hot host gets a fifth of all requests.",
  ].join("\n");
}

function describeCost(commands: number): string {
  const dollars = commands * 1_000 * DOLLARS_PER_COMMAND;
  return `${Math.round(commands).toLocaleString("en")} ($${dollars.toFixed(2)})`;
}
