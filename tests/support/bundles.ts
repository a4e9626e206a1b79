/**
 * How much there is to load of a program, as bundlers make it.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

async function bundle(entry: string, options: readonly string[]): Promise<void> {
  const config = new URL("deno.json", ROOT).pathname;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", "--config", config, ...options, entry],
    cwd: ROOT,
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
}

/** Bytes of one file with all that `entry` imports. The folder is for what is made. */
export async function bundleBytes(entry: string, folder: string): Promise<number> {
  const out = `${folder}/bundle.js`;
  await bundle(entry, ["-o", out]);
  return (await Deno.stat(out)).size;
}

/** Bytes of the parts that are loaded before anything runs, where the bundle is split at what is imported later. */
export async function loadedAtOnceBytes(entry: string, folder: string): Promise<number> {
  const parts = `${folder}/parts`;
  await bundle(entry, ["--code-splitting", "--outdir", parts]);
  const loaded = new Set<string>();
  const load = async (name: string): Promise<void> => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const source = await Deno.readTextFile(`${parts}/${name}`);
    for (const [, other] of source.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) await load(other!);
  };
  await load(entry.replace(/^.*\//, "").replace(/\.ts$/, ".js"));
  const sizes = await Promise.all([...loaded].map((name) => Deno.stat(`${parts}/${name}`)));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
