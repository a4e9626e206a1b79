/**
 * What breakers cost that are not asked: memory, and processor time while idle. And the garbage that a call leaves.
 *
 * @module
 */
import type { Figure, Group } from "./figure.ts";
import { measureAlone } from "./measure_alone.ts";
import { IDLE } from "./peers.ts";

const MB = 1e6;
const HEALTHY_HOSTS = 1_000_000;
const OPEN_HOSTS = 100_000;
const IDLE_BREAKERS = 10_000;
const CALLS = [
  "Breaker.run",
  "cockatiel.execute",
  "opossum.fire",
  "allow + record",
  "breakerFetch",
  "a stub of fetch",
];

/** Bytes of garbage per call. */
export const garbage: Group = {
  name: "garbage per call",
  async run() {
    const figures: Figure[] = [];
    for (const name of CALLS) {
      const { bytes } = await measureAlone("garbage", name);
      figures.push({ name, value: bytes!, unit: "bytes" });
    }
    return figures;
  },
};

/** Memory after a full collection, and processor time. */
export const memory: Group = {
  name: "memory",
  async run() {
    const healthy = await measureAlone("healthy", "", HEALTHY_HOSTS);
    const open = await measureAlone("open", "", OPEN_HOSTS);
    const figures: Figure[] = [
      {
        name: `${HEALTHY_HOSTS.toLocaleString("en")} healthy hosts seen: heap growth`,
        value: healthy["bytes"]! / MB,
        unit: "MB",
        goal: "under 20",
      },
      { name: "records retained of them", value: healthy["records"]!, unit: "", goal: "0" },
      {
        name: `${OPEN_HOSTS.toLocaleString("en")} open hosts`,
        value: open["bytes"]! / MB,
        unit: "MB",
        goal: "60 or less",
      },
    ];
    for (const name of Object.keys(IDLE)) {
      const { bytes, cpuRatio } = await measureAlone("idle", name, IDLE_BREAKERS);
      const what = `${IDLE_BREAKERS.toLocaleString("en")} idle breakers, ${name}`;
      figures.push(
        { name: what, value: bytes! / MB, unit: "MB" },
        { name: `${what}: of one core`, value: cpuRatio! * 100, unit: "%" },
      );
    }
    return figures;
  },
};
