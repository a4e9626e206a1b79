/**
 * `breakwater serve`: the edge API, with the configuration's flags.
 *
 * @module
 */
import { isIPv6 } from "node:net";
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
  // Checked here, since the server would speak of variables, which nobody has set.
  if (host !== undefined) env["HOST"] = checkedAddress(host);
  if (port !== undefined) env["PORT"] = checkedPort(port);
  const log = (line: string) => terminal.note(line);
  await startServer({ env, args: configurationOf(args), log });
  return await new Promise<never>(() => {});
}

/**
 * The address as it is, where a server might listen on it.
 *
 * @throws {UsageError}
 */
function checkedAddress(text: string): string {
  const unbracketed = text.replace(/^\[(.*)\]$/, "$1");
  if (isIPv6(unbracketed) || /^[\w.-]+$/.test(text)) return text;
  throw new UsageError(
    `--host must be an IP address or a name, without a scheme and a port: found '${text}'`,
  );
}

/**
 * The port as it is, where there is such a one.
 *
 * @throws {UsageError}
 */
function checkedPort(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text;
  throw new UsageError(
    `--port must be a whole number from 0 to 65535 (0: any that is free): found '${text}'`,
  );
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
