/**
 * One key for every spelling of a host, and a refusal for what is none.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertNotMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { hostKey, isHostKey, isPlainUrl } from "../../src/breaker/host_key.ts";
import { mulberry32 } from "../support/random.ts";

const READ: Record<string, [input: string, key: string][]> = {
  "a host name comes out in lower case": [
    ["example.org", "example.org"],
    ["Example.ORG", "example.org"],
    ["localhost", "localhost"],
    ["a_b.example.org", "a_b.example.org"],
    ["-odd-.example.org", "-odd-.example.org"],
    ["3com.com", "3com.com"],
  ],
  "a trailing dot goes": [
    ["example.org.", "example.org"],
    ["example.org.:8080", "example.org:8080"],
    ["http://example.org.:8080/", "example.org:8080"],
    ["example.org。", "example.org"],
    ["1.2.3.4.", "1.2.3.4"],
  ],
  "a host without a scheme loses port 80 and 443 and keeps any other": [
    ["example.org:80", "example.org"],
    ["example.org:443", "example.org"],
    ["example.org:0443", "example.org"],
    ["example.org:79", "example.org:79"],
    ["example.org:81", "example.org:81"],
    ["example.org:442", "example.org:442"],
    ["example.org:1", "example.org:1"],
    ["example.org:65535", "example.org:65535"],
    ["localhost:8080", "localhost:8080"],
    ["http:8080", "http:8080"],
  ],
  "a URL loses its scheme's default port only": [
    ["HTTP://Example.ORG:80/x", "example.org"],
    ["https://example.org:443/", "example.org"],
    ["http://example.org:443/", "example.org:443"],
    ["https://example.org:80/", "example.org:80"],
    ["https://example.org:8443", "example.org:8443"],
    ["http://example.org:/", "example.org"],
    ["ws://example.org:80", "example.org"],
    ["wss://example.org:443", "example.org"],
    ["wss://example.org:80", "example.org:80"],
  ],
  "userinfo, path, query and fragment of a URL are dropped": [
    ["http://user:secret@example.org/a/b?c=d#e", "example.org"],
    ["http://user@other.example@example.org", "example.org"],
    ["https://example.org?q=http://other.example", "example.org"],
    ["https://example.org#@other.example", "example.org"],
    ["https://example.org\\@other.example", "example.org"],
    ["https://example.org/a b\tc@other.example:0/", "example.org"],
  ],
  "an IDN becomes punycode": [
    ["münchen.example", "xn--mnchen-3ya.example"],
    ["MÜNCHEN.example:8080", "xn--mnchen-3ya.example:8080"],
    ["https://münchen.example/ü", "xn--mnchen-3ya.example"],
    ["XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"],
    ["xn--mnchen-3ya.example", "xn--mnchen-3ya.example"],
    ["例え.テスト", "xn--r8jz45g.xn--zckzah"],
    ["ｅｘａｍｐｌｅ．org", "example.org"],
    ["http://ex%61mple.org/", "example.org"],
  ],
  "an IPv4 address comes out as four decimal numbers": [
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.1:8080", "127.0.0.1:8080"],
    ["0x7f.1", "127.0.0.1"],
    ["0177.0.0.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["http://127.1:80/", "127.0.0.1"],
    ["１２７.0.0.1", "127.0.0.1"],
  ],
  "an IPv6 address stands in brackets and is compressed": [
    ["[::1]", "[::1]"],
    ["[::1]:8080", "[::1]:8080"],
    ["[::1]:443", "[::1]"],
    ["::1", "[::1]"],
    ["2001:DB8:0:0:0:0:0:1", "[2001:db8::1]"],
    ["::ffff:1.2.3.4", "[::ffff:102:304]"],
    ["http://[2001:db8::1]:80/", "[2001:db8::1]"],
    ["https://[::1]:8443/", "[::1]:8443"],
  ],
};

for (const [name, cases] of Object.entries(READ)) {
  Deno.test(name, () => {
    for (const [input, key] of cases) {
      assertEquals(hostKey(input), key, `of ${JSON.stringify(input)}`);
      if (/^[a-z]+:\/\//i.test(input)) assertEquals(hostKey(new URL(input)), key);
      assert(isHostKey(key), `isHostKey of ${key}`);
    }
  });
}

const REFUSED: Record<string, string[]> = {
  "another scheme than http, https, ws and wss is refused": [
    "ftp://example.org/",
    "file:///etc/hosts",
    "file://example.org/x",
    "data:text/html,x",
    "javascript:alert(1)",
    "blob:http://example.org/1",
    "about:blank",
    "mailto:a@example.org",
    "foo://example.org",
  ],
  "an empty host is refused": [
    "",
    ".",
    ":8080",
    "http://",
    "http:///example.org",
    "http://:80/",
    "http://user@/",
    "http://.",
    "[]",
    "\u00ad",
  ],
  "space and control characters are refused": [
    " ",
    " example.org",
    "example.org ",
    "exa mple.org",
    "exa\tmple.org",
    "example.org\n",
    "exa\u0000mple.org",
    "exa\u007fmple.org",
    "exa\u0085mple.org",
    "exa\u00a0mple.org",
    "\ufeffexample.org",
    " http://example.org/",
    "http://exa\tmple.org/",
    "http://example.org\r\n/",
    "http://exa%0dmple.org/",
    "http://exa%20mple.org/",
    "exa%09mple.org",
  ],
  "a path, a query, a fragment or userinfo in a bare host name is refused": [
    "example.org/",
    "example.org/x",
    "//example.org",
    "http:/example.org",
    "http:\\\\example.org",
    "example.org\\x",
    "example.org?x",
    "example.org#x",
    "user@example.org",
    "user:secret@example.org",
    "user:secret@example.org:80",
  ],
  "a port that is none is refused": [
    "example.org:0",
    "example.org:65536",
    "example.org:99999999999999999999",
    "example.org:",
    "example.org:-1",
    "example.org:+80",
    "example.org:8e1",
    "example.org:80.0",
    "example.org:0x50",
    "example.org:http",
    "example.org:٨٠",
    "[::1]:0",
    "[::1]:",
    "http://example.org:0/",
    "http://example.org:65536/",
    "http://example.org:x/",
  ],
  "an address that is none is refused": [
    "256.1.1.1",
    "1.2.3.4.5",
    "foo.1",
    "foo.0x1",
    "[::1",
    "::1]",
    "[::1]x",
    "[::1]]:80",
    "x[::1]",
    "[1.2.3.4]",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
    ":::",
    "a:b:c",
    "1:2:3:4:5:6:7:8:9",
  ],
  "a label that is empty, too odd or not the punycode it claims to be is refused": [
    "a..b",
    ".example.org",
    "example.org..",
    "http://a..b/",
    "*.example.org",
    "${HOST}",
    "{host}.example.org",
    'a"b.example.org',
    "xn--a-.example",
    "xn--example.org",
    "http://xn--a-.example/",
    "a.xn--",
  ],
};

for (const [name, inputs] of Object.entries(REFUSED)) {
  Deno.test(name, () => {
    for (const input of inputs) {
      const error = assertThrows(() => hostKey(input), TypeError, "Cannot tell the host of", input);
      assertStringIncludes(error.message, "Give a host name");
      assert(!isHostKey(input), `isHostKey of ${JSON.stringify(input)}`);
    }
  });
}

Deno.test("a host name of 253 characters is read, one of 254 is refused", () => {
  const label = "a".repeat(63);
  const longest = `${label}.${label}.${label}.${"b".repeat(61)}`;
  assertEquals(longest.length, 253);
  for (const input of [longest, `${longest}.`, `http://${longest}/x`, longest.toUpperCase()]) {
    assertEquals(hostKey(input), longest);
  }
  assertEquals(hostKey(`${longest}:8080`), `${longest}:8080`);
  for (const input of [`${longest}b`, `http://${longest}b/`, `${longest}b:8080`]) {
    assertThrows(() => hostKey(input), TypeError, "254 characters");
  }
});

Deno.test("a label of 63 characters is read, one of 64 is refused", () => {
  const label = "a".repeat(63);
  assertEquals(hostKey(label), label);
  assertEquals(hostKey(`https://${label}.org/`), `${label}.org`);
  for (const input of [`a${label}`, `a${label}.org`, `https://a${label}.org/`]) {
    assertThrows(() => hostKey(input), TypeError, "64 characters");
  }
  // Shorter than 63 as it stands, longer in punycode.
  assertThrows(() => hostKey(`${"ü".repeat(60)}.org`), TypeError);
});

Deno.test("what is neither a string nor a URL is refused by its type", () => {
  for (const input of [undefined, null, 8080, 1n, true, Symbol("x"), {}, [], () => "example.org"]) {
    // The types forbid these; JavaScript callers can still pass them.
    assertThrows(
      () => hostKey(input as unknown as string),
      TypeError,
      "neither a string nor a URL",
    );
  }
});

Deno.test("an error shows what was found, shortened, without credentials, path or query", () => {
  const message = (input: string | URL) => assertThrows(() => hostKey(input), TypeError).message;
  assertStringIncludes(message("exa mple.org"), '"exa mple.org"');
  assertStringIncludes(message("a\nb"), '"a\\nb"');
  assert(message("x".repeat(10_000)).length < 300);
  assert(message(`http://${"x".repeat(10_000)}/`).length < 300);
  assert(message(`${"s".repeat(10_000)}://example.org`).length < 400);
  for (
    const input of [
      "user:hunter2@example.org",
      "ftp://user:hunter2@example.org/",
      "http://user:hunter2@exa mple.org/",
      "http://user:hunter2@example.org:99999/",
      "http://example.org:0/?token=hunter2",
      "ftp://example.org/hunter2",
      new URL("ftp://user:hunter2@example.org/"),
    ]
  ) {
    assertNotMatch(message(input), /hunter2/);
  }
});

Deno.test("a key is its own key, except where a URL names the other scheme's port", () => {
  for (const [input, key] of Object.values(READ).flat()) {
    const expected = /^\w+:\/\/.*(:80|:443)/i.test(input) ? key.replace(/:(80|443)$/, "") : key;
    assertEquals(hostKey(key), expected, `of ${input}`);
  }
  assertEquals(hostKey("example.org:443"), "example.org");
});

Deno.test("isHostKey tells keys from other spellings of the same host", () => {
  for (const key of ["example.org", "example.org:8080", "example.org:80", "[::1]:443"]) {
    assert(isHostKey(key), key);
  }
  for (
    const other of [
      "Example.org",
      "example.org.",
      "example.org:080",
      "EXAMPLE.org:443",
      "user@example.org:443",
      "x/example.org:443",
      "::1",
      "http://example.org",
      "münchen.example",
      "",
    ]
  ) {
    assert(!isHostKey(other), other);
  }
});

const PIECES = [
  ..."aZ0-_.:[]@/\\?#%* \t\u0000é漢\u200d\u00ad。ßſ💩",
  "xn--",
  "example.org",
  "http://",
  "https://",
  "ws://",
  "ftp:",
  ":80",
  ":443",
  ":8080",
  "0x",
  "127.",
  "::1",
  "%2e",
  "\ud800",
  "א",
  "xn--mnchen-3ya",
];

Deno.test("garbage gives a key of itself or a TypeError, and never anything else", () => {
  const seed = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const random = mulberry32(seed);
  let keys = 0;
  for (let round = 0; round < 30_000; round++) {
    const length = Math.floor(random() * 8);
    const input = Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]!).join(
      "",
    );
    const where = `SEED=${seed} round ${round}: ${JSON.stringify(input)}`;
    let key: string;
    try {
      key = hostKey(input);
    } catch (error) {
      assert(error instanceof TypeError && error.message.startsWith("Cannot tell"), where);
      continue;
    }
    keys++;
    assert(isHostKey(key), `${where} gave ${key}`);
    const again = hostKey(key);
    const crossed = /^(http|ws)s?:\/\//i.test(input) && /:(80|443)$/.test(key);
    assertEquals(again, crossed ? key.replace(/:(80|443)$/, "") : key, where);
    assert(/^(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:[1-9][0-9]{0,4})?$/.test(key), `${where} gave ${key}`);
  }
  assert(keys > 1_000, `SEED=${seed}: only ${keys} keys`);
});

Deno.test("the short way for plain names and URLs gives what the URL parser gives", () => {
  const seed = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const random = mulberry32(seed);
  const letters = "ab019-_.x";
  for (let round = 0; round < 20_000; round++) {
    const length = 1 + Math.floor(random() * 10);
    const name = Array.from({ length }, () => letters[Math.floor(random() * letters.length)]!).join(
      "",
    );
    const where = `SEED=${seed} round ${round}: ${name}`;
    let expected: string | undefined;
    try {
      expected = new URL(`http://${name}/`).hostname.replace(/\.$/, "");
      if (expected.split(".").includes("")) expected = undefined;
    } catch {
      expected = undefined;
    }
    for (const input of [name, `https://${name}`, `http://${name}?x`, `ws://${name}/x`]) {
      if (expected === undefined) assertThrows(() => hostKey(input), TypeError, "", where);
      else assertEquals(hostKey(input), expected, where);
    }
  }
});

Deno.test("a URL that is plain to see is one that the parser reads, with the host that it reads", () => {
  const plain = [
    "http://example.org",
    "https://a.b-c.example/p?q#f",
    "wss://a_b.example?x",
    "ws://h#",
  ];
  const others = [
    "https://example.org:8443/",
    "https://user@example.org/",
    "https://1.2.3.4/",
    "https://xn--a.example/",
    "https://exa mple.org/",
    "HTTPS://example.org/",
    "https://Example.org/",
    "https://example.org\\x",
    "ftp://example.org/",
    "example.org",
    "/path",
    "",
  ];
  assertEquals(plain.filter((url) => !isPlainUrl(url)), []);
  assertEquals(others.filter(isPlainUrl), []);
  for (const url of plain) {
    assert(URL.canParse(url), url);
    assertEquals(hostKey(url), new URL(url).hostname);
  }
  const letters = "htps:/.-_ax1?#@ \\";
  const random = mulberry32(20_260_101);
  for (let i = 0; i < 20_000; i++) {
    const drawn = Array.from({ length: 12 }, () => letters[Math.floor(random() * letters.length)]);
    const url = `http://a${drawn.join("")}`;
    if (isPlainUrl(url)) assert(URL.canParse(url), url);
  }
});
