/**
 * Files that a command line names, with words for whoever named the wrong one.
 *
 * @module
 */
import { Refusal } from "./command.ts";
import { reasonOf } from "./reason.ts";

/**
 * What stands in it.
 *
 * @throws {Refusal} where it cannot be read
 */
export async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new Refusal(`${file} cannot be read: ${shortReason(error)}`);
  }
}

/**
 * Writes a file that was not there: one that is may have been edited since.
 *
 * @throws {Refusal} where it is there, or cannot be written
 */
export async function writeNew(file: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(file, text, { createNew: true });
  } catch (error) {
    throw new Refusal(`${file} cannot be written: ${shortReason(error)}`);
  }
}

/** The runtime names the file once more, and the call: `... (os error 2): readfile 'b.yaml'`. */
function shortReason(error: unknown): string {
  return reasonOf(error).replace(/ \(os error \d+\).*$/s, "");
}
