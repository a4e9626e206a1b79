/**
 * What the command line says. Takes its own flags and hands every other argument back in its order: which
 * commands and flags there are besides is for whoever runs the program.
 *
 * @module
 */
import { ConfigError, type ConfigIssue, describeFound, nearest } from "./issues.ts";
import { joined, type Overlay, readOverlay, readSwitch, type SettingName } from "./overlay.ts";
import type { Checked } from "./validate.ts";

/** What the command line lays over environment and file. */
export interface FlagOverlay extends Overlay {
  /** The arguments that are none of ours, in their order. */
  rest: string[];
}

/** Each may be repeated: the later one wins where both say something. */
const FLAGS: Readonly<Record<string, SettingName>> = {
  "--breaker-defaults": "defaults",
  "--breaker": "hosts",
  "--breaker-role": "roles",
  "--breaker-resolver": "resolvers",
  "--breaker-classify": "classify",
  "--breaker-rolling": "rolling",
  "--store": "store",
  "--mode": "mode",
};
const CONFIG_FLAG = "--breaker-config";
const DEBUG_FLAG = "--debug";
/** Every flag that belongs to the configuration. */
export const CONFIG_FLAGS: readonly string[] = [...Object.keys(FLAGS), CONFIG_FLAG, DEBUG_FLAG];

/**
 * Takes the configuration's flags from the arguments, written `--flag value` or `--flag=value`. `--` ends them.
 *
 * @throws {ConfigError} naming each flag that is wrong, what was found and what is allowed; `--breaker...` flags
 * that do not exist are refused too
 */
export function overlayFromFlags(args: readonly string[]): FlagOverlay {
  const { overlay, issues } = readFlags(args);
  if (issues.length > 0) throw new ConfigError(issues);
  return overlay;
}

/** As {@linkcode overlayFromFlags}, for a caller that has more to tell than what is wrong here. */
export function readFlags(
  args: readonly string[],
): { overlay: FlagOverlay; issues: readonly ConfigIssue[] } {
  const reader = new FlagReader(args);
  while (reader.readNext());
  return reader;
}

/** Where the reading of one command line stands. */
class FlagReader {
  readonly overlay: FlagOverlay = { config: {}, rest: [] };
  readonly issues: ConfigIssue[] = [];
  readonly #args: readonly string[];
  #next = 0;

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** Reads one argument, with its value where it takes one; false where none is left. */
  readNext(): boolean {
    const arg = this.#args[this.#next++];
    if (arg === undefined) return false;
    if (arg === "--") {
      this.overlay.rest.push(...this.#args.slice(this.#next - 1));
      return false;
    }
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const value = equals < 0 ? undefined : arg.slice(equals + 1);
    if (name === DEBUG_FLAG) this.#readDebug(value);
    else if (CONFIG_FLAGS.includes(name)) this.#readSetting(name, value ?? this.#takeValue());
    else if (name.startsWith("--breaker")) this.#refuseUnknown(name);
    else this.overlay.rest.push(arg);
    return true;
  }

  /** The argument after a flag, unless that is a flag itself. */
  #takeValue(): string | undefined {
    const value = this.#args[this.#next];
    if (value === undefined || value.startsWith("--")) return undefined;
    this.#next++;
    return value;
  }

  #readDebug(value: string | undefined): void {
    const following = this.#args[this.#next];
    // `--debug` alone is usual; `--debug 1` is taken too, since the variable is set to 1.
    const text = value ?? (following === "1" || following === "0" ? this.#takeValue() : "1") ?? "1";
    const on = readSwitch(text);
    if (on === undefined) this.#refuse(DEBUG_FLAG, describeFound(text), "1 or 0");
    else this.overlay.debug = on;
  }

  #readSetting(name: string, value: string | undefined): void {
    if (value === undefined || value.trim() === "") {
      this.#refuse(name, "nothing", `a value: ${name} VALUE or ${name}=VALUE`);
      return;
    }
    const setting = FLAGS[name];
    if (setting === undefined) {
      this.overlay.configPath = value;
      return;
    }
    const before: Checked = { config: this.overlay.config, issues: [] };
    const { config, issues } = joined(before, readOverlay(setting, value, name));
    this.overlay.config = config;
    this.issues.push(...issues);
  }

  #refuseUnknown(name: string): void {
    const suggestion = nearest(name, CONFIG_FLAGS);
    const hint = suggestion === undefined ? {} : { suggestion };
    const expected = CONFIG_FLAGS.join(", ");
    this.issues.push({
      kind: "unknown_key",
      source: name,
      path: "",
      found: name,
      expected,
      ...hint,
    });
    // What follows was probably its value.
    this.#takeValue();
  }

  #refuse(source: string, found: string, expected: string): void {
    this.issues.push({ kind: "value", source, path: "", found, expected });
  }
}
