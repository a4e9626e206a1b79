/**
 * The page's script as text: nothing is missing from it, and nothing stands in it twice.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { dashboardScript } from "../../src/edge/dashboard/script.ts";
import { importsOf, sourceFiles } from "../support/imports.ts";

const CLIENT = new URL("../../src/edge/dashboard/client/", import.meta.url);
const FILES = sourceFiles(CLIENT);

/** What stands at the left edge of a file, and is no type. */
const DECLARED = /^(export )?(?:async )?(function|const|let|class) (\w+)/gm;

Deno.test("whatever a file of the client declares is exported, under a name that no other has", () => {
  const hidden: string[] = [];
  const names: string[] = [];
  for (const file of FILES) {
    for (const [, isExported, , name] of Deno.readTextFileSync(file).matchAll(DECLARED)) {
      names.push(name!);
      if (isExported === undefined) hidden.push(`${file.pathname.split("/").at(-1)}: ${name}`);
    }
  }
  assertEquals(hidden, []);
  assertEquals(names.length, new Set(names).size);
  assertGreater(names.length, 50);
});

Deno.test("the script holds every one of them, and is understood as a whole", () => {
  const script = dashboardScript();
  for (const file of FILES) {
    for (const [, , kind, name] of Deno.readTextFileSync(file).matchAll(DECLARED)) {
      const found = script.match(new RegExp(`^(async )?${kind} ${name}\\b`, "gm"));
      assertEquals(found?.length, 1, `${kind} ${name}`);
    }
  }
  // Parsed, and not run.
  assertEquals(typeof new Function(script), "function");
});

Deno.test("the client takes nothing but types from outside of its folder", () => {
  const wrong = FILES.flatMap((file) => {
    const text = Deno.readTextFileSync(file);
    return importsOf(file)
      .filter((found) => found.file === undefined || !found.file.href.startsWith(CLIENT.href))
      .filter(({ specifier }) => !new RegExp(`import type [^;]*"${specifier}"`).test(text))
      .map(({ specifier }) => `${file.pathname.split("/").at(-1)}: ${specifier}`);
  });
  assertEquals(wrong, []);
});

Deno.test("nothing but the client speaks of a document", () => {
  const src = new URL("../../src/", import.meta.url);
  const found = sourceFiles(src).filter(({ href }) => !href.startsWith(CLIENT.href))
    .filter((file) => /\b(document|localStorage)\.\w/.test(Deno.readTextFileSync(file)));
  assertEquals(found.map(({ pathname }) => pathname), []);
});
