/**
 * A project outside of this checkout that has installed the package as it is packed for npm.
 *
 * @module
 */
import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const TEXT = new TextDecoder();

/** Runs a command to its end and gives what it printed. */
export async function run(command: string, args: string[], cwd?: string | URL): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd,
    env: { NO_COLOR: "1", npm_config_update_notifier: "false" },
  }).output();
  const text = TEXT.decode(stdout);
  assertEquals(code, 0, `${command} ${args.join(" ")}:\n${text}${TEXT.decode(stderr)}`);
  return text;
}

/** Bundles one of the examples into a file of the project. */
export async function bundle(
  example: string,
  platform: "browser" | "deno",
  into: string,
): Promise<void> {
  await run(
    Deno.execPath(),
    ["bundle", "--quiet", "--platform", platform, "-o", into, `examples/${example}`],
    ROOT,
  );
}

/** Packs the module and installs it, with these packages from npm beside it. */
export async function scratchProject(packages: readonly string[] = []) {
  const path = await Deno.makeTempDir({ prefix: "breakwater-runtime-" });
  const packed = `${path}/breakwater.tgz`;
  await run(Deno.execPath(), ["pack", "--quiet", "--allow-dirty", "-o", packed], ROOT);
  await Deno.writeTextFile(`${path}/package.json`, '{"private":true,"type":"module"}');
  await run("npm", ["install", "--no-audit", "--no-fund", packed, ...packages], path);
  return {
    path,
    /** Copies a script beside `node_modules`, where its imports resolve. */
    async script(name: string): Promise<string> {
      await Deno.copyFile(new URL(name, import.meta.url), `${path}/${name}`);
      return `${path}/${name}`;
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
