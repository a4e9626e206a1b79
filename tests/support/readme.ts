/**
 * The README taken apart for tests: its sections, tables and blocks of code.
 *
 * @module
 */

/** The folder that holds it. */
export const ROOT = new URL("../../", import.meta.url);
/** The whole text. */
export const README = await Deno.readTextFile(new URL("README.md", ROOT));

/** A fenced block of code. */
export interface Block {
  /** All that follows the fence: `ts`, `sh`, `ts ignore`. */
  language: string;
  /** Of the `##` section that it stands in; empty before the first. */
  heading: string;
  text: string;
}

/** What stands below a heading, up to the next of its level or above. */
export function sectionOf(heading: string): string {
  const [, level = "", rest] = new RegExp(`^(##+) ${heading}\n([^]*)`, "m").exec(README) ?? [];
  if (rest === undefined) throw new Error(`README.md has no section '${heading}'`);
  return rest.split(new RegExp(`^##{1,${level.length - 1}} `, "m"))[0] ?? "";
}

/** The rows of the first table below a heading whose first column is called so, cell by cell. */
export function tableOf(heading: string, firstColumn: string): string[][] {
  const lines = sectionOf(heading).split("\n");
  const start = lines.findIndex((line) => cellsOf(line)[0] === firstColumn);
  if (start < 0) throw new Error(`Section '${heading}' has no table of '${firstColumn}'`);
  const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  return line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.replaceAll("\\|", "|").trim());
}

/** What stands in backticks. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** Every fenced block. */
export function codeBlocks(): Block[] {
  return README.split(/^## /m).flatMap((section, i) => {
    const heading = i === 0 ? "" : section.split("\n")[0] ?? "";
    const blocks = section.matchAll(/^ *```(\S[^\n]*)\n([^]*?)^ *```$/gm);
    return [...blocks].map(([, language = "", text = ""]) => ({ language, heading, text }));
  });
}
