/**
 * What happens to workers and store in the course of a run: storms and calms, partitions, outages, crashes,
 * restarts and operators.
 *
 * @module
 */
import type { World } from "./run.ts";

/** Starts them all; each goes on until the world is healed. */
export function startFaults(world: World): void {
  again(world, 500, world.scenario.crashMs, crash);
  if (world.scenario.operators) {
    again(world, 1_000, world.scenario.exact ? 12_000 : 40_000, operate);
  }
  if (world.scenario.exact) return;
  again(world, 8_000, 20_000, weather);
  again(world, 300, 6_000, cut);
  again(world, 3_000, 20_000, outage);
}

function again(world: World, leastMs: number, mostMs: number, fault: (world: World) => void): void {
  world.scheduler.after(world.random.whole(leastMs, mostMs), () => {
    if (world.isHealed) return;
    fault(world);
    again(world, leastMs, mostMs, fault);
  });
}

function weather(world: World): void {
  world.isStormy = !world.isStormy;
  world.network.trouble(world.isStormy);
  if (!world.isStormy) world.network.heal();
}

function cut({ random, network, scenario, scheduler, isStormy }: World): void {
  if (!isStormy) return;
  const worker = random.whole(0, scenario.skewsMs.length - 1);
  network.cut(
    worker,
    random.pick([["request", "reply"], ["request"], ["reply"]] as const),
  );
  scheduler.after(random.whole(100, 10_000), () => network.mend(worker));
}

function outage({ random, network, scheduler, isStormy }: World): void {
  if (!isStormy) return;
  network.fail(random.pick(["silent", "refusing"] as const));
  scheduler.after(random.whole(100, 8_000), () => network.restore());
}

function crash(world: World): void {
  const { random, scenario, scheduler } = world;
  const worker = random.whole(0, scenario.skewsMs.length - 1);
  world.crash(worker);
  scheduler.after(random.whole(0, 3_000), () => world.restart(worker));
}

function operate({ random, scenario, workers }: World): void {
  const by = workers[random.whole(0, workers.length - 1)];
  const target = random.chance(0.8) || scenario.resolvers.length === 0
    ? `host ${random.pick(scenario.hosts)}`
    : `resolver ${random.pick(scenario.resolvers)}`;
  const how = random.pick(["open", "open for good", "half-open", "half-open", "close"] as const);
  void by?.operate(target, how);
}
