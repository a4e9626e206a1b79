/**
 * Mutants: copies of the module with one rule broken. Each must be caught, by the simulation or by the
 * property tests; one that is not shows a hole in them.
 *
 * @module
 */
import { type Mutant, MUTANTS } from "./mutant_list.ts";

const ROOT = new URL("../../", import.meta.url);
/** What a mutant needs of the repository. */
const COPIED = [
  "src",
  "config",
  "tests/simulation",
  "tests/support",
  "tests/breaker/properties_test.ts",
];
const COPIED_FILES = ["deno.json", "mod.ts"];
/** Seeds that a mutant is given to be caught in; most take a few. */
const SEEDS = 400;

/** How a mutant fared. */
export interface Catch {
  mutant: Mutant;
  /** What caught it; absent where it survived. */
  by?: string;
}

/** Tries every mutant, or those that `chosen` picks; false where one survives. */
export async function checkMutants(
  tell: (line: string) => void,
  chosen: (mutant: Mutant) => boolean = () => true,
): Promise<boolean> {
  let survivors = 0;
  for (const mutant of MUTANTS.filter(chosen)) {
    const { by } = await tryMutant(mutant);
    if (by === undefined) survivors++;
    tell(`${by === undefined ? "SURVIVED" : "caught"}: ${mutant.name}\n  ${by ?? mutant.file}`);
  }
  tell(`${survivors} mutants survived`);
  return survivors === 0;
}

/** Breaks a copy, and looks whether anybody notices. */
async function tryMutant(mutant: Mutant): Promise<Catch> {
  const folder = await Deno.makeTempDir({ prefix: "mutant-" });
  try {
    await copyProject(folder);
    await patch(folder, mutant);
    const by = await bySimulation(folder) ?? await byProperties(folder);
    return { mutant, ...(by !== undefined && { by }) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function copyProject(folder: string): Promise<void> {
  for (const name of COPIED) await copy(new URL(name, ROOT), `${folder}/${name}`);
  for (const name of COPIED_FILES) await Deno.copyFile(new URL(name, ROOT), `${folder}/${name}`);
}

async function copy(from: URL, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) {
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.name !== "node_modules") {
      await copy(new URL(`${from.href}/${entry.name}`), `${to}/${entry.name}`);
    }
  }
}

/** @throws {Error} where the text to replace is not there exactly once: the list must be brought up to date */
async function patch(folder: string, { name, file, find, replace }: Mutant): Promise<void> {
  const path = `${folder}/${file}`;
  const text = await Deno.readTextFile(path);
  const times = text.split(find).length - 1;
  if (times !== 1) {
    throw new Error(`Mutant '${name}': ${file} holds ${times} times what it replaces: ${find}`);
  }
  await Deno.writeTextFile(path, text.replace(find, () => replace));
}

async function bySimulation(folder: string): Promise<string | undefined> {
  const { code, stdout, stderr } = await deno(folder, [
    "run",
    "-A",
    "--no-check",
    "tests/simulation/main.ts",
    "--seeds",
    String(SEEDS),
    "--stop-at-first",
  ]);
  if (code === 0) return undefined;
  const found = /Seed (\d+), step (\d+): ([^:\n]*)/.exec(stdout);
  if (found === null) throw new Error(`The simulation did not run: ${stderr.slice(0, 500)}`);
  return `simulation, seed ${found[1]}, step ${found[2]}: ${found[3]}`;
}

async function byProperties(folder: string): Promise<string | undefined> {
  const { code, stdout } = await deno(folder, [
    "test",
    "-A",
    "--no-check",
    "tests/breaker/properties_test.ts",
  ]);
  if (code === 0) return undefined;
  const found = /Seed (\d+): ([^\n]*)/.exec(stdout);
  if (found === null) throw new Error(`The property tests did not run: ${stdout.slice(0, 500)}`);
  return `property tests, seed ${found[1]}: ${found[2]}`;
}

async function deno(
  folder: string,
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: folder, env: { NO_COLOR: "1" } });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
