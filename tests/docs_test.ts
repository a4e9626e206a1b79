/**
 * What a reader of the generated documentation finds: every entry point says what it is for and shows it,
 * every public symbol and member has a sentence, and every time and share says its unit.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

interface JsDoc {
  doc?: string;
  tags?: readonly { kind: string; doc?: string; name?: string }[];
}

interface Member {
  name?: string;
  jsDoc?: JsDoc;
  accessibility?: string;
}

interface Declaration extends Member {
  kind: string;
  def?: Partial<Record<"properties" | "methods" | "constructors" | "callSignatures", Member[]>>;
}

interface Documentation {
  nodes: Record<string, {
    module_doc?: JsDoc;
    symbols: readonly { name: string; declarations: readonly Declaration[] }[];
  }>;
}

const ROOT = new URL("../", import.meta.url);
const DENO_JSON: { exports: Record<string, string> } = JSON.parse(
  Deno.readTextFileSync(new URL("deno.json", ROOT)),
);

async function documentationOf(entry: string): Promise<Documentation> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", entry],
    cwd: ROOT,
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}

function textOf({ jsDoc }: Member): string {
  const { doc = "", tags = [] } = jsDoc ?? {};
  return [doc, ...tags.map((tag) => tag.doc ?? "")].join("\n").trim();
}

/** What a declaration has that can be documented for itself. */
function membersOf({ def = {} }: Declaration): Member[] {
  const { properties = [], methods = [], constructors = [], callSignatures = [] } = def;
  return [...properties, ...methods, ...constructors, ...callSignatures]
    .filter(({ accessibility, name = "" }) => accessibility !== "private" && !name.startsWith("#"));
}

const UNITS: readonly (readonly [ending: RegExp, words: RegExp])[] = [
  [/Ms$/, /millisecond/i],
  [/Ratio$/, /\b0 to 1\b/],
  [/[a-z]S$/, /second/i],
];

/** What is missing in the words of one symbol or member. */
function missingIn(name: string, member: Member): string[] {
  const text = textOf(member);
  if (text === "") return [`${name} has no sentence`];
  return UNITS.filter(([ending, words]) => ending.test(name) && !words.test(text))
    .map(([, words]) => `${name} does not say its unit (${words.source}): ${text.split("\n")[0]}`);
}

for (const [entry, path] of Object.entries(DENO_JSON.exports)) {
  Deno.test(`the documentation of ${entry} says what it is for, and of each symbol what it does`, async () => {
    const { nodes } = await documentationOf(path);
    const modules = Object.values(nodes);
    assertEquals(modules.length, 1);
    const { module_doc, symbols } = modules[0]!;
    assert(module_doc?.doc, `${path} has no @module documentation`);
    const example = module_doc.tags?.some(({ kind }) => kind === "example");
    assert(example, `${path} has no @example in its @module documentation`);
    assertEquals(symbols.length === 0, entry === "./cli", "only a program exports nothing");
    const missing = symbols.flatMap(({ name, declarations }) =>
      declarations.flatMap((declaration) => [
        ...missingIn(name, declaration),
        ...membersOf(declaration).flatMap((member) =>
          missingIn(`${name}.${member.name ?? "()"}`, member)
        ),
      ])
    );
    assertEquals(missing, []);
  });
}
