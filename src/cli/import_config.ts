/**
 * `breakwater import-config`: another project's `breakers.yaml` as ours.
 *
 * @module
 */
import { parse, stringify } from "@std/yaml";
import { type Call, Refusal, UsageError } from "./command.ts";
import { readText, writeNew } from "./files.ts";
import { reasonOf } from "./reason.ts";
import { type Imported, importForeign } from "./foreign_config.ts";
import { plain } from "./text.ts";

/** See the module's description. */
export async function importConfig(call: Call): Promise<void> {
  const { positionals: [file, ...more], options, json, terminal } = call;
  if (file === undefined || more.length > 0) throw new UsageError("import-config takes one file");
  const imported = importForeign(parsed(await readText(file), file));
  const { config, notTaken } = imported;
  for (const { path, found, why } of notTaken) {
    const value = found === undefined ? "" : ` = ${found}`;
    terminal.note(plain(`not taken: ${path}${value}: ${why}`));
  }
  if (Object.keys(config).length === 0) {
    throw new Refusal(
      `${file} holds nothing that could be taken: is it a configuration of breakers?`,
    );
  }
  const output = options.text("output");
  if (output !== undefined) await writeNew(output, stringify(config));
  if (json) terminal.write(`${JSON.stringify(asJson(imported))}\n`);
  else if (output === undefined) terminal.write(stringify(config));
  else terminal.write(`${output} written; breakwater check ${output} says what it comes to\n`);
}

function asJson({ config, notTaken }: Imported) {
  return { config, not_taken: notTaken };
}

function parsed(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new Refusal(`${file} is no YAML: ${reasonOf(error)}`);
  }
}
