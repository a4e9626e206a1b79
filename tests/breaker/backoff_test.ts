/**
 * Opens in a row: how long each lasts, and how they are forgiven.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { kindOf, MachineDriver, START } from "../support/machine_driver.ts";

const DOUBLING = {
  failMax: 1,
  resetTimeoutMs: 1_000,
  backoffFactor: 2,
  maxResetTimeoutMs: 7_000,
};

/** Fails the probe at each deadline, so many times; the clock stands at the last failure. */
function openInARow(host: MachineDriver, times: number): void {
  host.fail(1);
  for (let n = 1; n < times; n++) {
    host.now = host.view().until!;
    host.fail(1);
  }
}

/** Goes to the deadline and closes with a probe. */
function recover(host: MachineDriver): void {
  host.now = host.view().until!;
  host.succeed();
}

for (const [n, lasts] of [[1, 1_000], [2, 2_000], [3, 4_000], [4, 7_000], [5, 7_000]] as const) {
  Deno.test(`open number ${n} in a row lasts ${lasts} ms`, () => {
    const host = new MachineDriver(DOUBLING);
    openInARow(host, n);
    assertEquals(host.view().opens, n);
    assertEquals(host.view().remainingMs, lasts);
    host.now += lasts - 1;
    assertEquals(kindOf(host.allow()), "denied");
    host.now += 1;
    assertEquals(kindOf(host.allow()), "probe");
  });
}

Deno.test("with the default factor of 1 every open lasts resetTimeoutMs", () => {
  const host = new MachineDriver({ failMax: 1 });
  openInARow(host, 20);
  assertEquals(host.view().remainingMs, 60_000);
});

Deno.test("maxResetTimeoutMs bounds the first open too", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000, maxResetTimeoutMs: 400 });
  host.fail(1);
  assertEquals(host.view().remainingMs, 400);
});

Deno.test("a thousand opens in a row still last maxResetTimeoutMs", () => {
  const host = new MachineDriver({ ...DOUBLING, backoffFactor: 100 });
  openInARow(host, 1_000);
  assertEquals(host.view().remainingMs, 7_000);
});

Deno.test("one lucky probe does not forgive a bad hour", () => {
  const host = new MachineDriver(DOUBLING);
  openInARow(host, 3);
  recover(host);
  assertEquals(host.view().opens, 3);
  host.now += 999;
  host.fail(1);
  assertEquals(host.view().opens, 4);
  assertEquals(host.view().remainingMs, 7_000);
});

Deno.test("one open is forgiven for each full resetTimeoutMs spent closed", () => {
  for (
    const [closedMs, opens] of [
      [0, 3],
      [999, 3],
      [1_000, 2],
      [1_999, 2],
      [2_000, 1],
      [2_999, 1],
      [3_000, 0],
      [9_000, 0],
    ] as const
  ) {
    const host = new MachineDriver(DOUBLING);
    openInARow(host, 3);
    recover(host);
    host.now += closedMs;
    assertEquals(host.view().opens, opens, `after ${closedMs} ms`);
    host.fail(1);
    assertEquals(host.view().remainingMs, Math.min(1_000 * 2 ** opens, 7_000));
  }
});

Deno.test("time spent open or half-open forgives nothing", () => {
  const host = new MachineDriver(DOUBLING);
  openInARow(host, 2);
  host.now = host.view().until! + 50_000;
  assertEquals(host.view().opens, 2);
  host.fail(1);
  assertEquals(host.view().remainingMs, 4_000);
});

Deno.test("outcomes do not disturb the time spent closed", () => {
  const host = new MachineDriver({ ...DOUBLING, failMax: 2 });
  host.fail(2);
  recover(host);
  host.now += 500;
  host.fail(1);
  host.succeed();
  host.now += 499;
  assertEquals(host.view().opens, 1);
  host.now += 1;
  assertEquals(host.view().opens, 0);
});

Deno.test("a cooldown raises no count and clears none", () => {
  const host = new MachineDriver(DOUBLING);
  openInARow(host, 2);
  host.cooldown(60_000);
  assertEquals(host.view().opens, 2);
  host.now += 60_000;
  host.succeed();
  assertEquals(host.view().opens, 2);
  const healthy = new MachineDriver(DOUBLING);
  healthy.cooldown(60_000);
  assertEquals(healthy.view().opens, 0);
});

Deno.test("an operator's open and half-open raise no count and clear none", () => {
  const host = new MachineDriver(DOUBLING);
  openInARow(host, 2);
  host.open(500);
  host.operate({ type: "half_open" });
  assertEquals(host.view().opens, 2);
  host.succeed();
  host.open(500);
  assertEquals(host.view().opens, 2);
});

for (const pause of ["cooldown", "operator's open"] as const) {
  Deno.test(`a ${pause} stops the clock of forgiveness, and it goes on afterwards`, () => {
    const host = new MachineDriver(DOUBLING);
    openInARow(host, 2);
    recover(host);
    host.now += 600; // closed for 600 ms
    if (pause === "cooldown") host.cooldown(60_000);
    else host.open(60_000);
    host.now += 60_000;
    assertEquals(host.view().opens, 2);
    host.succeed(); // closed again
    host.now += 399;
    assertEquals(host.view().opens, 2);
    host.now += 1;
    assertEquals(host.view().opens, 1);
    host.now += 999;
    assertEquals(host.view().opens, 1);
    host.now += 1;
    assertEquals(host.view().opens, 0);
  });
}

Deno.test("what was forgiven before a cooldown stays forgiven", () => {
  const host = new MachineDriver(DOUBLING);
  openInARow(host, 3);
  recover(host);
  host.now += 2_500;
  host.cooldown(10_000);
  assertEquals(host.view().opens, 1);
  host.now += 10_000;
  host.succeed();
  host.now += 499;
  assertEquals(host.view().opens, 1);
  host.now += 1;
  assertEquals(host.view().opens, 0);
});

Deno.test("two cooldowns add up the time spent closed before each", () => {
  const host = new MachineDriver(DOUBLING);
  host.fail(1);
  recover(host);
  for (let i = 0; i < 2; i++) {
    host.now += 400;
    host.cooldown(5_000);
    host.now += 5_000;
    host.succeed();
  }
  host.now += 199;
  assertEquals(host.view().opens, 1);
  host.now += 1;
  assertEquals(host.view().opens, 0);
});

Deno.test("the failed probe of a cooldown counts as an open", () => {
  const host = new MachineDriver(DOUBLING);
  host.cooldown(10_000);
  host.now += 10_000;
  host.fail(1);
  assertEquals(host.view().opens, 1);
  assertEquals(host.view().remainingMs, 1_000);
});

Deno.test("an operator's close forgives everything", () => {
  const host = new MachineDriver(DOUBLING);
  openInARow(host, 3);
  host.operate({ type: "close" });
  assertEquals(host.view().opens, 0);
  host.fail(1);
  assertEquals(host.view().remainingMs, 1_000);
});

Deno.test("a record remembers its opens until they are forgiven, longer than its tombstone", () => {
  const host = new MachineDriver({ ...DOUBLING, permitTtlMs: 500 });
  openInARow(host, 2);
  recover(host);
  const closedAt = host.now;
  host.now = closedAt + 1_999;
  assertEquals(host.stored() === undefined, false);
  host.now = closedAt + 2_000;
  assertEquals(host.stored(), undefined);
});

Deno.test("opens not yet forgiven are kept while somebody asks, and forgotten where nobody does", () => {
  const policy = {
    ...DOUBLING,
    resetTimeoutMs: 10_000,
    maxResetTimeoutMs: 10_000,
    permitTtlMs: 100,
    forgetMs: 4_000,
  };
  const [asked, left] = [new MachineDriver(policy), new MachineDriver(policy)];
  for (const host of [asked, left]) {
    host.fail(1);
    host.at(10_000).succeed();
  }
  assertEquals(left.at(13_999).view().opens, 1);
  assertEquals(left.at(14_000).stored(), undefined);
  for (const now of [12_000, 14_000, 16_000, 18_000, 19_999]) asked.at(now).succeed();
  assertEquals(asked.view().opens, 1);
  assertEquals(asked.at(20_000).stored(), undefined);
});

Deno.test("a role's opens are forgiven by the role's own resetTimeoutMs", () => {
  const host = new MachineDriver({ ...DOUBLING, roles: { metadata: { resetTimeoutMs: 300 } } });
  host.fail(1, "metadata");
  host.at(300).succeed("metadata");
  assertEquals(host.at(599).view("metadata").opens, 1);
  assertEquals(host.at(600).view("metadata").opens, 0);
  host.fail(1, "metadata");
  assertEquals(host.view("metadata").until, START + 900);
});

Deno.test("time closed before an open does not count towards forgiving the next", () => {
  const host = new MachineDriver(DOUBLING);
  host.fail(1);
  recover(host);
  host.now += 600;
  host.cooldown(100); // puts the 600 ms by
  host.now += 100;
  host.fail(1);
  assertEquals(host.view().opens, 2);
  recover(host);
  host.now += 999;
  assertEquals(host.view().opens, 2);
  host.now += 1;
  assertEquals(host.view().opens, 1);
});

Deno.test("a role's record remembers its opens by the role's own resetTimeoutMs", () => {
  const host = new MachineDriver({
    ...DOUBLING,
    permitTtlMs: 100,
    roles: { metadata: { resetTimeoutMs: 3_000 } },
  });
  host.fail(1, "metadata");
  host.at(3_000).succeed("metadata");
  assertEquals(host.at(5_999).stored() === undefined, false);
  assertEquals(host.at(6_000).stored(), undefined);
});
