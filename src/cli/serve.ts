/**
 * `breakwater serve`: the edge API, with the configuration's flags.
 *
 * @module
 */
import { startServer } from "../edge/start.ts";
import { type Call, UsageError } from "./command.ts";

/** Resolves never: a signal ends the process. */
export async function serve({ positionals, options, args, terminal }: Call): Promise<never> {
  if (positionals.length > 0) {
    throw new UsageError(`serve takes no names: found '${positionals[0]}'`);
  }
  if (options.flag("json")) throw new UsageError("serve answers over HTTP: leave out --json");
  const env = { ...terminal.env };
  const host = options.text("host");
  const port = options.text("port");
  if (host !== undefined) env["HOST"] = host;
  if (port !== undefined) env["PORT"] = port;
  const log = (line: string) => terminal.note(line);
  await startServer({ env, args: configurationOf(args), log });
  return await new Promise<never>(() => {});
}

/** The arguments without those that are read here. */
function configurationOf(args: readonly string[]): string[] {
  const left: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (/^--(host|port)$/.test(arg)) i++;
    else if (!/^--(host|port)=/.test(arg)) left.push(arg);
  }
  return left;
}
