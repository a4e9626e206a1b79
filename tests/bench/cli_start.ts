/**
 * How long an operator waits for `breakwater show`: the whole process, from its start to its end, with a warm cache.
 *
 * @module
 */
import type { Figure, Group } from "./figure.ts";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const RUNS = 15;

async function wallMs(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args] }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return performance.now() - startedAt;
}

/** The median of several runs, after one that fills the cache. */
async function median(args: readonly string[]): Promise<number> {
  await wallMs(args);
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push(await wallMs(args));
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
}

/** The figures. */
export const cliStart: Group = {
  name: "start of the command line, warm cache",
  async run() {
    const folder = await Deno.makeTempDir();
    const empty = `${folder}/empty.ts`;
    await Deno.writeTextFile(empty, "");
    const breakwater = ["run", "-A", "--config", CONFIG, MAIN];
    const store = ["--store", `sqlite:${folder}/breakers.sqlite`];
    await wallMs([...breakwater, "open", "api.example.org", ...store]);
    const figures: Figure[] = [
      {
        name: "breakwater show",
        value: await median([...breakwater, "show", ...store]),
        unit: "ms",
        goal: "250 or less",
      },
      { name: "an empty program", value: await median(["run", empty]), unit: "ms" },
    ];
    await Deno.remove(folder, { recursive: true });
    return figures;
  },
};
