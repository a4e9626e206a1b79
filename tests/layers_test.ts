/**
 * The layout is the architecture: imports in src point one way, and mod.ts costs its users no dependency.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Import, importsOf, sourceFiles } from "./support/imports.ts";

const ROOT = new URL("../", import.meta.url);
const SRC = new URL("src/", ROOT);

/** Which folders each folder of src may import from, besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  breaker: [],
  pacing: ["breaker"],
  stores: ["breaker"],
  registry: ["breaker", "pacing", "stores"],
  fetch: ["breaker", "stores", "registry"],
  telemetry: ["breaker", "stores", "registry"],
  tuning: ["breaker", "pacing", "stores", "registry", "telemetry"],
  config: ["breaker", "pacing"],
  edge: ["breaker", "pacing", "stores", "registry", "fetch", "telemetry", "tuning", "config"],
  cli: [
    "breaker",
    "pacing",
    "stores",
    "registry",
    "fetch",
    "telemetry",
    "tuning",
    "config",
    "edge",
  ],
};

/** Packages that these folders may import; nobody is asked about the others here. */
const MAY_USE: Record<string, readonly string[]> = {
  breaker: [],
  pacing: [],
  registry: [],
  fetch: [],
  config: ["zod/mini", "@std/yaml"],
  edge: ["zod/mini", "zod/v4/core", "hono"],
};

function folderOf(file: URL): string {
  if (!file.href.startsWith(SRC.href)) return "(outside src)";
  return file.href.slice(SRC.href.length).split("/")[0] ?? "";
}

function shown({ from, specifier }: Import): string {
  return `${from.href.slice(ROOT.href.length)} imports ${specifier}`;
}

const FILES = sourceFiles(SRC);
const IMPORTS = FILES.flatMap(importsOf);

Deno.test("every folder of src is one that the layers know", () => {
  const unknown = FILES.map(folderOf).filter((folder) => !Object.hasOwn(MAY_IMPORT, folder));
  assertEquals([...new Set(unknown)], []);
});

for (const [folder, below] of Object.entries(MAY_IMPORT)) {
  Deno.test(`src/${folder} imports from ${["itself", ...below].join(", ")} only`, () => {
    const wrong = IMPORTS.filter(({ from, file }) => {
      if (folderOf(from) !== folder || file === undefined) return false;
      const to = folderOf(file);
      return to !== folder && !below.includes(to);
    });
    assertEquals(wrong.map(shown), []);
  });
}

for (const [folder, packages] of Object.entries(MAY_USE)) {
  Deno.test(`src/${folder} uses no package but ${packages.join(", ") || "none"}`, () => {
    const wrong = IMPORTS.filter(({ from, file, specifier }) =>
      folderOf(from) === folder && file === undefined &&
      !packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))
    );
    assertEquals(wrong.map(shown), []);
  });
}

Deno.test("files that are imported by path exist", () => {
  const known = new Set(FILES.map(({ href }) => href));
  const missing = IMPORTS.filter(({ file }) => file !== undefined && !known.has(file.href));
  assertEquals(missing.map(shown), []);
});

/** What a program imports that begins with this file: all of it, or what is loaded before anything runs. */
function reachedFrom(entry: string, wanted: (found: Import) => boolean): Import[] {
  const seen = new Set<string>();
  const reached: Import[] = [];
  const follow = (file: URL) => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    for (const found of importsOf(file).filter(wanted)) {
      reached.push(found);
      if (found.file !== undefined) follow(found.file);
    }
  };
  follow(new URL(entry, ROOT));
  return reached;
}

Deno.test("nothing that mod.ts reaches imports from outside", () => {
  const outside = reachedFrom("mod.ts", () => true).filter(({ file }) => file === undefined);
  assertEquals(outside.map(shown), []);
});

/** What the edge answers most calls without: it is loaded by who needs it. */
const LATER = [
  "src/config/file.ts",
  "src/edge/dashboard/page.ts",
  "src/edge/dashboard/script.ts",
  "src/edge/dashboard/style.ts",
  "src/edge/openapi.ts",
  "src/stores/sqlite.ts",
  "src/stores/upstash.ts",
  "src/telemetry/sqlite_log.ts",
  "src/tuning/tuner.ts",
];

Deno.test("the edge starts without what most calls never need", () => {
  const all = reachedFrom("src/edge/main.ts", () => true).map(({ file }) => file?.href);
  const atOnce = reachedFrom("src/edge/main.ts", ({ when }) => when === "at once");
  for (const path of LATER) {
    const { href } = new URL(path, ROOT);
    assertEquals(all.includes(href), true, `${path} is not reached at all`);
    assertEquals(atOnce.filter(({ file }) => file?.href === href).map(shown), []);
  }
  const packages = atOnce.filter(({ file }) => file === undefined)
    .map(({ specifier }) => specifier);
  assertEquals([...new Set(packages)].sort(), [
    "hono",
    "hono/router/trie-router",
    "zod/mini",
    "zod/v4/core",
  ]);
});
