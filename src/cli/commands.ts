/**
 * Every command there is, in the words of its help. The code of each is read when it is called.
 *
 * @module
 */
import type { CommandSpec, OptionSpec } from "./command.ts";

const RESOLVER: OptionSpec = {
  value: "NAME",
  multiple: true,
  help: "a resolver instead of a host; may be repeated",
};
const YES: OptionSpec = { help: "do not ask" };
const REASON: OptionSpec = { value: "TEXT", help: "why, for whoever looks later" };

/** In the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "show",
    usage: "[HOST...] [--state STATE] [--watch]",
    summary: "hosts and resolvers in trouble, or those that are named",
    details: "A healthy host has no record, and is not listed.",
    options: {
      state: { value: "STATE", help: "only open, half_open or closed ones" },
      resolver: RESOLVER,
      limit: { value: "N", help: "most rows (100, up to 100000)" },
      watch: { help: "draw again and again, until Ctrl-C" },
      "interval-s": { value: "N", help: "seconds between two drawings (2)" },
    },
    examples: [
      "breakwater show",
      "breakwater show api.example.org --json",
      "breakwater show --state open --watch",
    ],
    connects: true,
    load: async () => (await import("./show.ts")).show,
  },
  {
    name: "open",
    usage: "HOST... [--seconds N] [--reason TEXT]",
    summary: "send nothing to a host: until a time, or until it is closed",
    options: {
      seconds: { value: "N", help: "for so long; without it: until closed by hand" },
      reason: REASON,
      resolver: RESOLVER,
      yes: YES,
    },
    examples: [
      'breakwater open api.example.org --seconds 600 --reason "maintenance until 4"',
      "breakwater open --resolver crossref",
    ],
    connects: true,
    load: async () => (await import("./operate.ts")).open,
  },
  {
    name: "half-open",
    usage: "HOST...",
    summary: "let probes out at once, and close if they succeed",
    options: { resolver: RESOLVER, yes: YES },
    examples: ["breakwater half-open api.example.org"],
    connects: true,
    load: async () => (await import("./operate.ts")).halfOpen,
  },
  {
    name: "close",
    usage: "HOST... | --all [--state STATE]",
    summary: "clear everything against a host, cooldowns and roles included",
    options: {
      all: { help: "everything that is listed" },
      state: { value: "STATE", help: "with --all: only open or half_open ones" },
      resolver: RESOLVER,
      yes: YES,
    },
    examples: ["breakwater close api.example.org", "breakwater close --all --state open --yes"],
    connects: true,
    load: async () => (await import("./operate.ts")).close,
  },
  {
    name: "policy",
    usage: "HOST [--set KEY=VALUE...] [--reset]",
    summary: "the policy of a host and where each value comes from; an override for every process",
    details:
      "Keys are those of the YAML: fail_max, reset_timeout_s, backoff.factor, roles.metadata.fail_max.\n" +
      "What is set is laid over the override that there is; --reset takes all of it away first.",
    options: {
      set: { value: "KEY=VALUE", multiple: true, help: "a value of the override; may be repeated" },
      reset: { help: "remove the override" },
      reason: REASON,
    },
    examples: [
      "breakwater policy api.example.org",
      "breakwater policy api.example.org --set fail_max=3 --set reset_timeout_s=120",
      "breakwater policy api.example.org --reset",
    ],
    connects: true,
    load: async () => (await import("./policy.ts")).policy,
  },
  {
    name: "mode",
    usage: "[enforce | observe | off] [--reset]",
    summary: "whether gates decide: what holds, or a change for every process",
    details: "Every process takes it up within 2 s of traffic, but those that are configured off.",
    options: {
      reason: REASON,
      reset: { help: "each process by its configuration again" },
      yes: YES,
    },
    examples: [
      "breakwater mode",
      'breakwater mode off --reason "rollback" --yes',
      "breakwater mode --reset --yes",
    ],
    connects: true,
    load: async () => (await import("./mode.ts")).mode,
  },
  {
    name: "advise",
    usage: "[--window-s N] [--enforce] [--patch FILE]",
    summary: "what the advisor proposes and what that rests on; apply it",
    options: {
      "window-s": { value: "N", help: "how far back to look, in seconds (3600)" },
      host: { value: "HOST", help: "only for this host" },
      enforce: { help: "apply it, as overrides for every process" },
      patch: { value: "FILE", help: "write it as YAML instead (-: to standard output)" },
      yes: YES,
    },
    examples: [
      "breakwater advise --window-s 86400",
      "breakwater advise --patch advice.yaml",
      "breakwater advise --host api.example.org --enforce",
    ],
    connects: true,
    load: async () => (await import("./advise.ts")).advise,
  },
  {
    name: "replay",
    usage: "LOG --policy FILE [--against FILE]",
    summary: "what would have happened under another configuration, by an event log",
    details:
      "LOG is a SQLite log or JSON lines. Without --against: the configuration that holds here.",
    options: {
      policy: { value: "FILE", help: "the configuration to try, as YAML" },
      against: { value: "FILE", help: "what to compare it with" },
      host: { value: "HOST", help: "only this host" },
      "since-s": { value: "N", help: "only the last so many seconds of the log" },
      "skip-damaged": { help: "pass over rows that cannot be read" },
    },
    examples: ["breakwater replay events.sqlite --policy stricter.yaml"],
    connects: false,
    readsConfig: true,
    load: async () => (await import("./replay.ts")).replay,
  },
  {
    name: "tail",
    usage: "[--host HOST] [--all]",
    summary: "transitions as they happen, until Ctrl-C",
    options: {
      host: { value: "HOST", help: "only of this host" },
      resolver: { value: "NAME", help: "only of this resolver" },
      all: { help: "operators' actions, policies, the mode and store outages too" },
    },
    examples: ["breakwater tail", "breakwater tail --host api.example.org --json"],
    connects: true,
    load: async () => (await import("./tail.ts")).tail,
  },
  {
    name: "check",
    usage: "[FILE]",
    summary: "validate a configuration; every value and where it comes from",
    details: "Environment and flags are laid over the file, as they are when a server starts.",
    examples: [
      "breakwater check config/breakers.yaml",
      "breakwater check --breaker-defaults fail_max:3",
    ],
    connects: false,
    readsConfig: true,
    load: async () => (await import("./check.ts")).check,
  },
  {
    name: "doctor",
    usage: "[--deploy]",
    summary: "is everything there that is needed; each line ok, or what to do",
    options: { deploy: { help: "fail where Deno Deploy would" } },
    examples: ["breakwater doctor", "breakwater doctor --store sqlite:breakers.sqlite"],
    connects: true,
    readsConfig: true,
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "import-config",
    usage: "FILE",
    summary: "another project's breakers.yaml as ours; says what it could not take",
    options: { output: { value: "FILE", help: "write it there instead of standard output" } },
    examples: ["breakwater import-config ../crawler/breakers.yaml --output breakers.yaml"],
    connects: false,
    load: async () => (await import("./import_config.ts")).importConfig,
  },
  {
    name: "serve",
    usage: "[--host ADDRESS] [--port N]",
    summary: "the edge API, as `deno task start` runs it",
    details:
      "Tokens are set by the variables BREAKWATER_CRAWL_TOKENS, BREAKWATER_READ_TOKENS and\n" +
      "BREAKWATER_ADMIN_TOKENS, comma separated. Without any it listens on loopback only.",
    options: {
      host: { value: "ADDRESS", help: "where to listen (HOST, else 127.0.0.1)" },
      port: { value: "N", help: "0: any that is free (PORT, else 8000)" },
    },
    examples: [
      "breakwater serve --store sqlite:breakers.sqlite --port 9000",
      "breakwater serve --breaker-config config/breakers.yaml --mode observe",
    ],
    connects: false,
    readsConfig: true,
    load: async () => (await import("./serve.ts")).serve,
  },
  {
    name: "completion",
    usage: "bash | zsh | fish",
    summary: "what makes the shell complete commands and options",
    examples: ['eval "$(breakwater completion bash)"'],
    connects: false,
    load: async () => (await import("./completion.ts")).completion,
  },
];

/** What every command takes. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { help: "answer in JSON" },
  help: { help: "what the command takes" },
};

/** What commands take that work on a store or an edge API, beside `--store`. */
export const PLACE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  url: { value: "URL", help: "an edge API (BREAKWATER_URL)" },
  token: { value: "TOKEN", help: "its token (BREAKWATER_TOKEN)" },
};

/** Options by name: its own, and what others take too. */
export function optionsOf(spec: CommandSpec): Record<string, OptionSpec> {
  return { ...spec.options, ...(spec.connects && PLACE_OPTIONS), ...COMMON_OPTIONS };
}
