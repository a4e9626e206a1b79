/**
 * The permit: written, read back, and refused where it is none.
 *
 * @module
 */
import { assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import {
  idMaker,
  MAX_PERMIT_LENGTH,
  type PermitParts,
  readPermit,
  writePermit,
} from "../../src/breaker/permit.ts";
import { START } from "../support/machine_driver.ts";

const PARTS: PermitParts = {
  id: "k3x90",
  issuedAt: START,
  host: "api.example.org",
  role: "metadata",
  resolver: "crossref",
  hostMark: { kind: "probe", generation: START },
  resolverMark: { kind: "closed", generation: 0 },
};

for (
  const [name, change] of [
    ["with everything", {}],
    ["without a role", { role: "" }],
    ["without a resolver", { resolver: "", resolverMark: undefined }],
    ["of a closed breaker", { hostMark: { kind: "closed", generation: 0 } }],
    ["of mode observe", { hostMark: { kind: "shadow", generation: 12 } }],
    ["for a host with a port", { host: "example.org:8443" }],
    ["for an IPv6 address", { host: "[2001:db8::1]:8080" }],
    ["for a host in punycode", { host: "xn--bcher-kva.example" }],
    ["issued at the epoch", { issuedAt: 0 }],
  ] as const
) {
  Deno.test(`a permit ${name} reads back as it was written`, () => {
    const { resolverMark, ...parts }: PermitParts = { ...PARTS, ...change };
    const whole = { ...parts, ...(resolverMark && { resolverMark }) };
    assertEquals(readPermit(writePermit(whole)), whole);
  });
}

Deno.test("a permit names whole milliseconds", () => {
  assertEquals(readPermit(writePermit({ ...PARTS, issuedAt: START + 0.9 }))?.issuedAt, START);
});

const FIELDS = writePermit(PARTS).split("~");

/** A permit with one of its fields changed: version, id, time, marks, role, resolver, host. */
function withField(index: number, value: string): string {
  return FIELDS.with(index, value).join("~");
}

Deno.test("the fields of a permit stand where these tests change them", () => {
  assertEquals(FIELDS.length, 8);
  assertEquals([FIELDS[1], FIELDS[5], FIELDS[6], FIELDS[7]], [
    "k3x90",
    "metadata",
    "crossref",
    "api.example.org",
  ]);
});

for (
  const [name, permit] of [
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["an object", { permit: writePermit(PARTS) }],
    ["an empty string", ""],
    ["a word", "permit"],
    ["only separators", "~".repeat(7)],
    ["too few fields", FIELDS.slice(0, 7).join("~")],
    ["a field more", writePermit(PARTS) + "~x"],
    ["another version", withField(0, "2")],
    ["no id", withField(1, "")],
    ["an id in upper case", withField(1, "K3X90")],
    ["an id of 33 characters", withField(1, "a".repeat(33))],
    ["no time", withField(2, "")],
    ["a time with a sign", withField(2, "-1")],
    ["a time of 11 digits", withField(2, "z".repeat(11))],
    ["no mark", withField(3, "")],
    ["a mark without a generation", withField(3, "p")],
    ["a mark of an unknown kind", withField(3, "x1")],
    ["a resolver without a mark", withField(4, "")],
    ["a mark without a resolver", withField(6, "")],
    ["an unreadable mark of the resolver", withField(4, "c")],
    ["a role in upper case", withField(5, "Metadata")],
    ["a role that is too long", withField(5, "r".repeat(33))],
    ["a resolver with a space", withField(6, "cross ref")],
    ["no host", withField(7, "")],
    ["a host that is no host key", withField(7, "API.example.org")],
    ["a host with a trailing dot", withField(7, "api.example.org.")],
    ["a URL as a host", withField(7, "https://api.example.org/")],
    ["a host with a space", withField(7, "api example.org")],
    ["a line break at its end", writePermit(PARTS) + "\n"],
    ["a line break in its id", withField(1, "k3\nx")],
    ["more than 600 characters", withField(7, "a.".repeat(300) + "org")],
  ] as const
) {
  Deno.test(`a permit that is or has ${name} cannot be read, and nothing is thrown`, () => {
    assertEquals(readPermit(permit), undefined);
  });
}

Deno.test("the longest permit that is written is short enough to be read", () => {
  const label = "a".repeat(63);
  const longest: PermitParts = {
    ...PARTS,
    id: "z".repeat(32),
    host: `${label}.${label}.${label}.${"a".repeat(61)}:65535`,
    role: "r".repeat(32),
    resolver: "R".repeat(64),
    resolverMark: { kind: "shadow", generation: START },
  };
  const permit = writePermit(longest);
  assertLessOrEqual(permit.length, MAX_PERMIT_LENGTH);
  assertEquals(readPermit(permit), longest);
});

Deno.test("ids differ within a process and between processes, and a permit can hold them", () => {
  let drawn = 0;
  const [here, there] = [idMaker(() => (drawn++, "pa")), idMaker(() => (drawn++, "pb"))];
  assertEquals(drawn, 0, "no prefix is drawn before the first id");
  const ids = Array.from({ length: 100 }, () => [here(), there()]).flat();
  assertEquals(new Set(ids).size, 200);
  assertEquals(drawn, 2);
  assertNotEquals(readPermit(writePermit({ ...PARTS, id: ids[199]! })), undefined);
});
