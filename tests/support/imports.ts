/**
 * Which files a source file imports, read from its text.
 *
 * @module
 */

/** One import of a file. */
export interface Import {
  /** The importing file. */
  from: URL;
  /** As it is written. */
  specifier: string;
  /** When it is loaded: with the importing file, when that asks for it, or never, where it is about types alone. */
  when: "at once" | "later" | "never";
  /** The imported file, where it is named by its path. */
  file?: URL;
}

/** `import ... from "x"`, `export ... from "x"`, `import "x"`, `import("x")`. */
const IMPORT =
  /\b(?:(?:import|export)\s+(type\s+)?[\w\s{},*$]*?\bfrom\s*|import\s*(\()?\s*)(["'])([^"'\n]+)\3/g;

/** What a file imports and re-exports; what its comments show is not counted. */
export function importsOf(file: URL): Import[] {
  const code = Deno.readTextFileSync(file)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "$1");
  return [...code.matchAll(IMPORT)].map(([, type, call, , specifier = ""]) => ({
    from: file,
    specifier,
    when: type !== undefined ? "never" : call !== undefined ? "later" : "at once",
    ...(/^\.{0,2}\//.test(specifier) && { file: new URL(specifier, file) }),
  }));
}

/** Every TypeScript file below a folder. */
export function sourceFiles(folder: URL): URL[] {
  const files: URL[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) files.push(...sourceFiles(new URL(`${entry.name}/`, folder)));
    else if (/\.tsx?$/.test(entry.name)) files.push(new URL(entry.name, folder));
  }
  return files.sort((a, b) => a.href.localeCompare(b.href));
}
