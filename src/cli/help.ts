/**
 * The words of `--help`.
 *
 * @module
 */
import { BACKEND_GRAMMAR } from "../config/backends.ts";
import type { CommandSpec, OptionSpec } from "./command.ts";
import { COMMANDS, COMMON_OPTIONS, PLACE_OPTIONS } from "./commands.ts";
import { DEFAULT_URL } from "./place.ts";
import type { Paint } from "./text.ts";

const STORE: OptionSpec = {
  value: "STORE",
  help: `${BACKEND_GRAMMAR} (BREAKWATER_STORE)`,
};
const CONFIG: Readonly<Record<string, OptionSpec>> = {
  "breaker-config": { value: "FILE", help: "the configuration (BREAKWATER_CONFIG)" },
  "breaker-defaults": { value: "LIST", help: "fail_max:5,reset:60,retry_after_cap:900" },
  breaker: { value: "HOST=LIST", help: "api.example.org=fail_max:3,reset:45" },
  "breaker-role": { value: "HOST:ROLE=LIST", help: "api.example.org:metadata=fail_max:2" },
  "breaker-resolver": { value: "NAME=LIST", help: "crossref=fail_max:3" },
  "breaker-classify": { value: "LISTS", help: '"failure=429,500,503 neutral=401,404"' },
  "breaker-rolling": { value: "LIST", help: "enabled:true,window:30,thresh:6,cooldown:60" },
  mode: { value: "MODE", help: "enforce, observe or off (BREAKWATER_MODE)" },
  debug: { help: "say more in the log (BREAKWATER_DEBUG)" },
};

/** What there is. */
export function overview(paint: Paint): string {
  const commands = COMMANDS.map(({ name, summary }): [string, string] => [name, summary]);
  return [
    "Circuit breakers of crawlers, by hand.",
    section(paint, "Usage", ["breakwater COMMAND [OPTIONS]"]),
    section(paint, "Commands", aligned(commands)),
    section(paint, "Which breakers", optionLines({ store: STORE, ...PLACE_OPTIONS })) +
    `\n  Without any of them: ${DEFAULT_URL}, where \`breakwater serve\` listens.`,
    section(paint, "Everywhere", optionLines(COMMON_OPTIONS)),
    section(paint, "Exit codes", [
      "0 done, 1 refused or failed, 2 the command line makes no sense",
    ]),
    "breakwater COMMAND --help says more, with examples.",
  ].join("\n\n") + "\n";
}

/** What one command takes. */
export function commandHelp(spec: CommandSpec, paint: Paint): string {
  const { name, usage, summary, details, options = {}, examples, connects, readsConfig } = spec;
  const parts = [
    capital(summary) + ".",
    section(paint, "Usage", [`breakwater ${name} ${usage}`.trimEnd()]),
    ...(details === undefined ? [] : [details]),
    section(paint, "Examples", examples),
    section(paint, "Options", optionLines({ ...options, ...COMMON_OPTIONS })),
  ];
  if (connects) {
    parts.push(section(paint, "Which breakers", optionLines({ store: STORE, ...PLACE_OPTIONS })));
  } else if (name === "serve") parts.push(section(paint, "Store", optionLines({ store: STORE })));
  if (readsConfig) {
    parts.push(section(paint, "Configuration, over file and environment", optionLines(CONFIG)));
  }
  return parts.join("\n\n") + "\n";
}

function section(paint: Paint, title: string, lines: readonly string[]): string {
  return [paint.bold(`${title}:`), ...lines.map((line) => `  ${line}`)].join("\n");
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  return aligned(
    Object.entries(options).map(([name, { value, help }]) => [
      `--${name}${value === undefined ? "" : ` ${value}`}`,
      help,
    ]),
  );
}

function aligned(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `${left.padEnd(width)}  ${right}`);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
