/**
 * `breakwater completion`: scripts that complete commands and options in a shell.
 *
 * @module
 */
import { CONFIG_FLAGS } from "../config/flags.ts";
import { type Call, UsageError } from "./command.ts";
import { COMMANDS, optionsOf } from "./commands.ts";

// deno-lint-ignore require-await -- commands are called alike
export async function completion({ positionals: [shell, ...more], terminal }: Call): Promise<void> {
  const script = shell !== undefined && Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined || more.length > 0) {
    throw new UsageError(`completion takes one of ${Object.keys(SCRIPTS).join(", ")}`);
  }
  terminal.write(script());
}

const SCRIPTS: Readonly<Record<string, () => string>> = {
  bash,
  zsh: () => `autoload -U +X bashcompinit && bashcompinit\n${bash()}`,
  fish,
};

/** What may follow each command. */
function words(): [string, string[]][] {
  return COMMANDS.map((spec) => {
    const own = Object.keys(optionsOf(spec)).map((name) => `--${name}`);
    const also = spec.connects ? ["--store"] : spec.name === "completion" ? [] : CONFIG_FLAGS;
    return [spec.name, [...own, ...also]];
  });
}

function bash(): string {
  const cases = words().map(([name, options]) => `    ${name}) words="${options.join(" ")}" ;;`);
  return `_breakwater() {
  local words="${COMMANDS.map(({ name }) => name).join(" ")} --help --version"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then words="${COMMANDS.map(({ name }) => name).join(" ")}"; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _breakwater breakwater
`;
}

function fish(): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const lines = COMMANDS.map(({ name, summary }) =>
    `complete -c breakwater -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`
  );
  for (const [name, options] of words()) {
    for (const option of options) {
      const when = quoted(`__fish_seen_subcommand_from ${name}`);
      lines.push(`complete -c breakwater -n ${when} -l ${option.slice(2)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
