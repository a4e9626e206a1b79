/**
 * Workload models: what they say of themselves is what they answer, and a seed is one host.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { Host } from "./host.ts";
import { hours, MODELS } from "./models.ts";
import { answerAt, type CrawlRole, DEADLINE_MS, type Limit } from "./workload.ts";

const LENGTH_MS = hours(8);
const SEEDS = [1, 2, 3, 4, 1_001, 1_002];
const ROLES: readonly CrawlRole[] = ["metadata", "landing", "artifact"];

/** Every twenty seconds of the crawl. */
function* moments(): Generator<number> {
  for (let atMs = 0; atMs < LENGTH_MS; atMs += 20_000) yield atMs;
}

for (const [name, model] of Object.entries(MODELS)) {
  Deno.test(`${name}: while it is down every answer fails, else only the share that it says`, () => {
    for (const seed of SEEDS) {
      const workload = model(seed, LENGTH_MS);
      const shares = new Map<number, { asked: number; failed: number }>();
      let id = 0;
      for (const atMs of moments()) {
        for (const role of ROLES) {
          const { isDown, failureShare } = workload.conditionAt(atMs, role);
          const { status } = answerAt(workload, atMs, { id: id++, role });
          if (isDown) assert(status !== 200, `seed ${seed}, ${atMs} ms: down, and answers`);
          else {
            const share = shares.get(failureShare) ?? { asked: 0, failed: 0 };
            share.asked++;
            if (status !== 200) share.failed++;
            shares.set(failureShare, share);
          }
        }
      }
      for (const [failureShare, { asked, failed }] of shares) {
        // Five standard deviations: one seed in a million is farther off by chance.
        const slack = 5 * Math.sqrt(asked * failureShare * (1 - failureShare)) + 1;
        assertLessOrEqual(Math.abs(failed - asked * failureShare), slack, `seed ${seed}`);
      }
    }
  });

  Deno.test(`${name}: a seed is one host`, () => {
    const told = (seed: number) => {
      const workload = model(seed, LENGTH_MS);
      const answers = [...moments()].map((atMs, id) =>
        answerAt(workload, atMs, { id, role: "artifact" })
      );
      return { limit: workload.limit, answers };
    };
    assertEquals(told(7), told(7));
    assert(JSON.stringify(told(7)) !== JSON.stringify(told(8)), "another seed is another host");
  });
}

/** Share of the time that the host is down for a role. */
function downShare(name: string, seed: number, role: CrawlRole): number {
  const workload = MODELS[name]!(seed, LENGTH_MS);
  const all = [...moments()];
  return all.filter((atMs) => workload.conditionAt(atMs, role).isDown).length / all.length;
}

Deno.test("hosts that go down are down for minutes in hours", () => {
  for (const name of ["hard down", "flapping", "slow"]) {
    for (const seed of SEEDS) {
      const share = downShare(name, seed, "metadata");
      assert(share > 0.02 && share < 0.6, `${name}, seed ${seed}: down for ${share} of the time`);
    }
  }
});

Deno.test("a host that fails for one role is well for the others", () => {
  for (const seed of SEEDS) {
    const down = ROLES.filter((role) => downShare("one role down", seed, role) > 0);
    assertEquals(down.length, 1, `seed ${seed}`);
  }
});

Deno.test("the control and the brownout are never down", () => {
  for (const name of ["healthy", "brownout"]) {
    for (const seed of SEEDS) assertEquals(downShare(name, seed, "landing"), 0);
  }
});

Deno.test("a host that hangs keeps a crawler until its deadline", () => {
  const workload = MODELS["slow"]!(1, LENGTH_MS);
  const atMs = [...moments()].find((at) => workload.conditionAt(at, "metadata").isDown)!;
  const { status, isTimeout, latencyMs } = answerAt(workload, atMs, { id: 1, role: "metadata" });
  assertEquals([status, isTimeout, latencyMs], [undefined, true, DEADLINE_MS]);
});

/** A host with this limit that is well otherwise. */
function limitedHost(limit: Limit): Host {
  const well = MODELS["healthy"]!(1, LENGTH_MS);
  return new Host({ ...well, limit });
}

const LIMIT: Limit = { requests: 5, windowMs: 2_000, tellsWhen: true };

Deno.test("a host serves as many requests in a window as its limit says, and refuses the next", () => {
  const host = limitedHost(LIMIT);
  for (let id = 0; id < 5; id++) {
    assert(host.wouldServe(4_000 + id, "metadata"));
    assert(host.serve(4_000 + id, { id, role: "metadata" }).status !== 429);
  }
  assert(!host.wouldServe(4_010, "metadata"));
  const refused = host.serve(4_010, { id: 9, role: "metadata" });
  assertEquals([refused.status, refused.retryAfter], [429, "2"]);
  assertEquals(host.serve(5_000, { id: 10, role: "metadata" }).retryAfter, "1");
  assert(!host.wouldServe(5_999, "metadata"));
  assert(host.wouldServe(6_000, "metadata"), "the window is over");
});

Deno.test("a host that does not tell when refuses without Retry-After", () => {
  const host = limitedHost({ ...LIMIT, requests: 1, tellsWhen: false });
  host.serve(0, { id: 0, role: "landing" });
  const refused = host.serve(1, { id: 1, role: "landing" });
  assertEquals([refused.status, refused.retryAfter], [429, undefined]);
});

Deno.test("under a limit not more is missed than the window had left at its end", () => {
  const host = limitedHost(LIMIT);
  for (let i = 0; i < 8; i++) host.passOver(i, "metadata");
  assertEquals(host.missed, 5);
  for (let id = 0; id < 3; id++) host.serve(1_000 + id, { id, role: "metadata" });
  assertEquals(host.missed, 2, "three of the five were used after all");
  host.passOver(1_500, "metadata");
  assertEquals(host.missed, 2);
  host.passOver(2_000, "metadata");
  assertEquals(host.missed, 3, "another window");
});

Deno.test("what a host would not have served is not missed", () => {
  const host = new Host({
    name: "down",
    seed: 1,
    conditionAt: (atMs) => ({ isDown: atMs < 1_000, failureShare: 0, latencyMs: [1, 1] }),
  });
  host.passOver(999, "metadata");
  assertEquals(host.missed, 0);
  host.passOver(1_000, "metadata");
  assertEquals(host.missed, 1);
});
