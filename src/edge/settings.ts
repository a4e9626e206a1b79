/**
 * What the server reads from the environment beside the configuration of `../config`: address and tokens. Pure, so
 * that every refusal can be tested without a process.
 *
 * @module
 */
import type { Environment } from "../config/mod.ts";
import { CONFIG_VARIABLES } from "../config/environment.ts";
import { nearest } from "../config/issues.ts";
import type { EdgeTokens } from "./auth.ts";
import { isLoopback } from "./host_check.ts";
import type { TunerMode } from "../tuning/tuner_options.ts";
import type { TokenLimit } from "./token_limit.ts";

/** A reason not to start that the operator can mend. Its message says how; its stack is of no use to anybody. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** Where and for whom the server listens. */
export interface ServerSettings {
  hostname: string;
  /** 0: any that is free. */
  port: number;
  tokens: Required<EdgeTokens>;
  /** Absent: no limit. */
  tokenLimit?: TokenLimit;
  /** What the tuner does with advice; only `enforce` acts by itself. */
  tuner: TunerMode;
  /** Path of the SQLite event log; absent: none is kept. */
  eventLog?: string;
  /** True on Deno Deploy: no files, and everybody can reach the server. */
  onDeploy: boolean;
  /** What the operator should know, but which is no reason not to start. */
  warnings: string[];
}

const TOKEN_VARIABLES = {
  crawl: "BREAKWATER_CRAWL_TOKENS",
  read: "BREAKWATER_READ_TOKENS",
  admin: "BREAKWATER_ADMIN_TOKENS",
} as const;

/** What the command line reads, in an environment that it shares with the server. */
const CLIENT_VARIABLES = ["BREAKWATER_URL", "BREAKWATER_TOKEN"];

const TUNER_VARIABLE = "BREAKWATER_TUNER";
const EVENT_LOG_VARIABLE = "BREAKWATER_EVENT_LOG";
const LIMIT_VARIABLE = "BREAKWATER_TOKEN_LIMIT";
/** `100/s`, `6000/m,burst:50` */
const LIMIT = /^([1-9][0-9]{0,8})\/([smh])(?:,burst:([1-9][0-9]{0,8}))?$/;
const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** Shorter tokens can be guessed. */
const SHORTEST_TOKEN = 16;
const LONGEST_TOKEN = 1_024;
/** What a bearer token may hold (RFC 6750 section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads PORT, HOST, the tokens and their limit, the tuner's mode and the path of the event log.
 *
 * @throws {StartError} where one of them cannot be used, or the server would be open to others than this machine
 */
export function readSettings(env: Environment): ServerSettings {
  const warnings: string[] = [];
  const settings: ServerSettings = {
    hostname: readHostname(env["HOST"]),
    port: readPort(env["PORT"]),
    tokens: {
      crawl: readTokens(env, TOKEN_VARIABLES.crawl, warnings),
      read: readTokens(env, TOKEN_VARIABLES.read, warnings),
      admin: readTokens(env, TOKEN_VARIABLES.admin, warnings),
    },
    tuner: readTuner(env[TUNER_VARIABLE]),
    onDeploy: isSet(env["DENO_DEPLOYMENT_ID"]) || isSet(env["DENO_DEPLOY"]),
    warnings,
  };
  const eventLog = env[EVENT_LOG_VARIABLE]?.trim() ?? "";
  if (eventLog !== "") settings.eventLog = eventLog;
  if (settings.onDeploy && eventLog !== "") {
    throw new StartError(
      `${EVENT_LOG_VARIABLE} names a file, and Deno Deploy keeps none: remove the variable`,
    );
  }
  if (settings.onDeploy && !hasTokens(settings.tokens)) {
    throw new StartError(`Refusing to start on Deno Deploy without tokens. ${SET_TOKENS}`);
  }
  const tokenLimit = readTokenLimit(env[LIMIT_VARIABLE]);
  if (tokenLimit === undefined) return settings;
  if (!hasTokens(settings.tokens)) {
    warnings.push(`${LIMIT_VARIABLE} limits nobody while there are no tokens. ${SET_TOKENS}`);
  }
  return { ...settings, tokenLimit };
}

/**
 * What to say of variables that have no effect: a misspelt one would leave the defaults in force without a word.
 *
 * @param named a variable that the configuration names
 */
export function unknownVariables(env: Environment, named: string | undefined): string[] {
  const known = [
    ...CONFIG_VARIABLES,
    ...Object.values(TOKEN_VARIABLES),
    ...CLIENT_VARIABLES,
    LIMIT_VARIABLE,
    TUNER_VARIABLE,
    EVENT_LOG_VARIABLE,
  ];
  return Object.keys(env)
    .filter((name) => name.startsWith("BREAKWATER_") && name !== named && !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      const advice = meant === undefined ? "" : `; did you mean ${meant}?`;
      return `Variable ${name} is not known and has no effect${advice}`;
    });
}

const SET_TOKENS = `Set ${TOKEN_VARIABLES.crawl}, ${TOKEN_VARIABLES.read} or ` +
  `${TOKEN_VARIABLES.admin}, comma separated, each token of ${SHORTEST_TOKEN} characters or more`;

/**
 * Refuses an address that others can reach while there is no token.
 *
 * @throws {StartError}
 */
export function requireTokensFor(hostname: string, tokens: EdgeTokens): void {
  if (hasTokens(tokens) || isLoopback(hostname)) return;
  throw new StartError(
    `Refusing to listen on ${hostname} without tokens: whoever reaches it could open and close breakers. ` +
      `${SET_TOKENS}, or listen on 127.0.0.1`,
  );
}

/** Whether a server with these asks who is calling. */
export function hasTokens({ crawl = [], read = [], admin = [] }: EdgeTokens): boolean {
  return crawl.length + read.length + admin.length > 0;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

function readHostname(value: string | undefined): string {
  const hostname = value?.trim() ?? "";
  // Deno takes an IPv6 address without its brackets.
  return hostname === "" ? "127.0.0.1" : hostname.replace(/^\[(.*)\]$/, "$1");
}

function readPort(value: string | undefined): number {
  const text = value?.trim() ?? "";
  if (text === "") return 8_000;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new StartError(
    `PORT must be a whole number from 0 to 65535 (0: any that is free): current value is '${
      text.slice(0, 40)
    }'`,
  );
}

function readTuner(value: string | undefined): TunerMode {
  const mode = value?.trim() || "suggest";
  if (mode === "observe" || mode === "suggest" || mode === "enforce") return mode;
  throw new StartError(
    `${TUNER_VARIABLE} must be observe, suggest or enforce: current value is '${
      mode.slice(0, 40)
    }'`,
  );
}

/** No message repeats a token: logs are read by others than those who may know it. */
function readTokens(env: Environment, variable: string, warnings: string[]): string[] {
  const tokens = (env[variable] ?? "").split(",").map((token) => token.trim())
    .filter((token) => token !== "");
  tokens.forEach((token, i) => {
    if (!TOKEN.test(token) || token.length > LONGEST_TOKEN) {
      throw new StartError(
        `Token ${
          i + 1
        } of ${variable} cannot be sent as a bearer token: use up to ${LONGEST_TOKEN} ` +
          `letters, digits and - . _ ~ + /`,
      );
    }
    if (token.length < SHORTEST_TOKEN) {
      warnings.push(
        `Token ${i + 1} of ${variable} has ${token.length} characters and can be guessed: ` +
          `use ${SHORTEST_TOKEN} or more`,
      );
    }
  });
  return tokens;
}

function readTokenLimit(value: string | undefined): TokenLimit | undefined {
  const text = value?.trim() ?? "";
  if (text === "") return undefined;
  const [, requests, unit = "", burst] = LIMIT.exec(text) ?? [];
  if (requests === undefined) {
    throw new StartError(
      `${LIMIT_VARIABLE} must be requests per second, minute or hour, such as 100/s, 6000/m or ` +
        `100/s,burst:200: current value is '${text.slice(0, 40)}'`,
    );
  }
  const perSecond = Number(requests) / UNIT_S[unit]!;
  return burst === undefined ? { perSecond } : { perSecond, burst: Number(burst) };
}
