/**
 * How soon there is an answer, and how much there is to load: a server from its start to its first answer, what
 * is sent to a platform as one file, and what it takes to import the package.
 *
 * @module
 */
import { ServerProcess } from "../edge/server_process.ts";
import { bundleBytes, loadedAtOnceBytes } from "../support/bundles.ts";
import { type Figure, type Group, median } from "./figure.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const CONFIG = `${ROOT}deno.json`;
const KB = 1_000;
const RUNS = 9;
const BODY = JSON.stringify({ host: "api.example.org" });

/** From the start of the process to the end of its first answer, in milliseconds. */
async function firstAnswerMs(file: string): Promise<number> {
  const startedAt = performance.now();
  await using server = new ServerProcess({ env: { BREAKWATER_STORE: `deno-kv:${file}` } });
  const response = await fetch(`${await server.url()}/v1/allow`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: BODY,
  });
  const { allowed } = await response.json();
  if (allowed !== true) throw new Error("The first answer must be yes");
  return performance.now() - startedAt;
}

async function deno(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args] }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
}

async function several(run: () => Promise<number>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push(await run());
  return median(times);
}

/** A whole process that runs a program and ends. */
function runMs(file: string): () => Promise<number> {
  return async () => {
    const startedAt = performance.now();
    await deno(["run", "-A", "--no-check", "--config", CONFIG, file]);
    return performance.now() - startedAt;
  };
}

/** The figures. */
export const coldStart: Group = {
  name: "cold start, warm cache",
  async run() {
    const folder = await Deno.makeTempDir();
    try {
      const [empty, imports] = [`${folder}/empty.ts`, `${folder}/imports.ts`];
      await Deno.writeTextFile(empty, "");
      await Deno.writeTextFile(imports, `import "${ROOT}mod.ts";`);
      const breaker = `${folder}/breaker.ts`;
      await Deno.writeTextFile(breaker, `export { Breaker } from "${ROOT}mod.ts";`);
      const nothing = await several(runMs(empty));
      const imported = await several(runMs(imports));
      const first = await several(() => firstAnswerMs(`${folder}/bench.kv`));
      const figures: Figure[] = [
        { name: "first answer on Deno KV", value: first, unit: "ms", goal: "250 or less" },
        {
          name: "to import `.`",
          value: imported - nothing,
          unit: "ms",
          from: [
            { name: "a program that imports it", value: imported, unit: "ms" },
            { name: "an empty program", value: nothing, unit: "ms" },
          ],
        },
        {
          name: "the edge as one minified file",
          value: await bundleBytes("src/edge/main.ts", folder) / KB,
          unit: "KB",
        },
        {
          name: "of it loaded at once, where it is split",
          value: await loadedAtOnceBytes("src/edge/main.ts", folder) / KB,
          unit: "KB",
          goal: "300 or less",
        },
        {
          name: "`Breaker` alone as one minified file",
          value: await bundleBytes(breaker, folder) / KB,
          unit: "KB",
        },
        {
          name: "`.` as one minified file",
          value: await bundleBytes("mod.ts", folder) / KB,
          unit: "KB",
          goal: "25 or less",
        },
      ];
      return figures;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};
