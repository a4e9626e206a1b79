/**
 * `breakwater check`: is a configuration right, and what does it come to.
 *
 * @module
 */
import { describeConfig } from "../config/mod.ts";
import { type Call, UsageError } from "./command.ts";

/** See the module's description. A wrong configuration is told by whoever called. */
export async function check({ positionals, json, terminal, config }: Call): Promise<void> {
  const [file, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`check takes one file: found ${positionals.length}`);
  const resolved = await config(file);
  if (json) {
    const { effective, sources, debug, source } = resolved;
    return terminal.write(`${JSON.stringify({ file: source, effective, debug, sources })}\n`);
  }
  terminal.write(describeConfig(resolved).map((line) => `${line}\n`).join(""));
  terminal.note(`${resolved.source ?? "The configuration without a file"} is right`);
}
