/**
 * What operators do: open, half-open, close.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { denialOf, kindOf, MachineDriver, START } from "../support/machine_driver.ts";

const ROLES = { roles: { metadata: { failMax: 2 } } };
const EVERY_ROLE = ["", "landing", "metadata"];

function generationOf(host: MachineDriver): number {
  const track = host.current?.tracks.get("") ?? host.current?.rest;
  return track?.generation ?? 0;
}

Deno.test("an operator's open lasts until its deadline, for every role, then the host is half-open", () => {
  const host = new MachineDriver(ROLES);
  host.open(5_000, "moving house");
  for (const role of EVERY_ROLE) {
    assertEquals(denialOf(host.at(4_999).allow(role)), {
      reason: "manual",
      state: "open",
      retryAfterMs: 1,
    });
    assertEquals(host.view(role).note, "moving house");
  }
  host.at(5_000);
  for (const role of EVERY_ROLE) assertEquals(kindOf(host.allow(role)), "probe");
});

Deno.test("an operator's open replaces a later deadline with an earlier one", () => {
  for (const before of ["open", "cooldown", "manual"] as const) {
    const host = new MachineDriver({ failMax: 1, ...ROLES });
    if (before === "open") host.fail(1);
    if (before === "cooldown") host.cooldown(60_000);
    if (before === "manual") host.open();
    host.open(1_000);
    for (const role of EVERY_ROLE) assertEquals(denialOf(host.allow(role)).retryAfterMs, 1_000);
    assertEquals(host.at(1_000).state(), "half_open");
  }
});

Deno.test("an operator's open replaces an earlier deadline with a later one", () => {
  const host = new MachineDriver({ failMax: 1 });
  host.fail(1);
  host.open(3_600_000);
  assertEquals(denialOf(host.allow()), {
    reason: "manual",
    state: "open",
    retryAfterMs: 3_600_000,
  });
});

Deno.test("an open without a time lasts until closed by hand", () => {
  const host = new MachineDriver({ resetTimeoutMs: 7_000, ...ROLES });
  host.open();
  host.at(10 * 365 * 86_400_000);
  assertEquals(host.view().remainingMs, Infinity);
  assertEquals(host.view().until, Infinity);
  assertEquals(denialOf(host.allow()), { reason: "manual", state: "open", retryAfterMs: 7_000 });
  assertEquals(host.end(), Infinity);
  host.operate({ type: "close" });
  for (const role of EVERY_ROLE) assertEquals(kindOf(host.allow(role)), "closed");
});

Deno.test("an open without end tells a role with a resetTimeoutMs of its own to ask after that", () => {
  const host = new MachineDriver({
    resetTimeoutMs: 7_000,
    roles: { metadata: { resetTimeoutMs: 400 } },
  });
  host.open();
  assertEquals(denialOf(host.allow("metadata")).retryAfterMs, 400);
});

Deno.test("a close clears opens, cooldowns, failures, the rolling window and roles", () => {
  const host = new MachineDriver({
    failMax: 2,
    ...ROLES,
    rolling: { enabled: true, thresholdFailures: 5 },
  });
  host.fail(1);
  host.fail(2, "metadata");
  host.cooldown(60_000);
  host.operate({ type: "close" });
  for (const role of EVERY_ROLE) {
    const { state, failures, opens, probes, remainingMs } = host.view(role);
    assertEquals({ state, failures, opens, probes, remainingMs }, {
      state: "closed",
      failures: 0,
      opens: 0,
      probes: 0,
      remainingMs: 0,
    });
  }
  assertEquals(host.current?.rolling, []);
  host.fail(1);
  assertEquals(host.state(), "closed");
});

Deno.test("a close leaves a tombstone until every older permit has expired", () => {
  const host = new MachineDriver({ failMax: 1 });
  const before = host.allow();
  host.operate({ type: "close" });
  assertEquals(host.record(before, "failure").recorded, false);
  assertEquals(host.at(299_999).stored() === undefined, false);
  assertEquals(host.at(300_000).stored(), undefined);
});

Deno.test("half-open admits probes at once, on every role's breaker", () => {
  const host = new MachineDriver({ failMax: 1, ...ROLES });
  host.fail(1);
  host.cooldown(90_000);
  host.operate({ type: "half_open" });
  for (const role of EVERY_ROLE) {
    assertEquals(host.state(role), "half_open");
    assertEquals([host.allow(role), host.allow(role)].map(kindOf), ["probe", "denied"]);
  }
});

Deno.test("half-open on a closed breaker makes the next request a probe", () => {
  const host = new MachineDriver();
  host.operate({ type: "half_open" });
  assertEquals([host.allow(), host.allow()].map(kindOf), ["probe", "denied"]);
});

Deno.test("half-open on a half-open breaker frees every slot: older probes report late", () => {
  const host = new MachineDriver();
  host.operate({ type: "half_open" });
  const probe = host.allow();
  host.operate({ type: "half_open" });
  assertEquals(kindOf(host.allow()), "probe");
  assertEquals(host.record(probe, "success").recorded, false);
  assertEquals(host.state(), "half_open");
});

Deno.test("each operator's action starts a new generation, in the same millisecond too", () => {
  const host = new MachineDriver();
  let before = generationOf(host);
  for (const type of ["close", "half_open", "close", "half_open", "half_open"] as const) {
    host.operate({ type });
    assertGreater(generationOf(host), before);
    before = generationOf(host);
    host.open(1_000);
    assertGreater(generationOf(host), before);
    before = generationOf(host);
  }
});

for (const action of ["open", "half_open", "close"] as const) {
  Deno.test(`after an operator's ${action} the outcomes of earlier requests are late`, () => {
    const host = new MachineDriver({ failMax: 1 });
    const permits = [host.allow(), host.allow()] as const;
    if (action === "open") host.open(1_000);
    else host.operate({ type: action });
    const state = host.state();
    for (const kind of ["failure", "success"] as const) {
      assertEquals(host.record(permits[kind === "failure" ? 0 : 1], kind).recorded, false);
      assertEquals(host.state(), state);
    }
  });
}

Deno.test("a failed probe after an operator's open opens by outcomes", () => {
  const host = new MachineDriver();
  host.open(1_000, "moving house");
  host.at(1_000).fail(1);
  const { reason, until, note, opens } = host.view();
  assertEquals({ reason, until, note, opens }, {
    reason: "open",
    until: START + 61_000,
    note: undefined,
    opens: 1,
  });
});

Deno.test("listeners hear of an operator's open, half-open and close, with his words", () => {
  const host = new MachineDriver();
  host.open(1_000, "moving house");
  host.operate({ type: "half_open" });
  host.operate({ type: "close" });
  assertEquals(host.transitions, [
    {
      name: "",
      from: "closed",
      to: "open",
      reason: "manual",
      until: START + 1_000,
      note: "moving house",
    },
    { name: "", from: "open", to: "half_open", reason: "manual", until: START },
    { name: "", from: "half_open", to: "closed", reason: "manual" },
  ]);
});

Deno.test("an operator's words are cut at 256 characters", () => {
  for (const length of [255, 256, 257, 100_000]) {
    const host = new MachineDriver();
    host.open(1_000, "x".repeat(length));
    assertEquals(host.view().note?.length, Math.min(length, 256));
  }
});

Deno.test("words cut in the middle of a character outside the basic plane can be stored", () => {
  const host = new MachineDriver();
  host.open(1_000, "x".repeat(255) + "\u{1F6A2}");
  assertEquals(host.state(), "open");
});
