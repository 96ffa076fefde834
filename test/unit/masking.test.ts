import assert from "node:assert/strict";
import { test } from "node:test";

import { Automaton } from "../../src/masking/automaton.ts";
import { formsOf } from "../../src/masking/forms.ts";
import { Masker } from "../../src/masking/masker.ts";

/** What is to come out, found the slow way: every byte of an occurrence is masked, and occurrences that overlap are one. */
function expected(text: Buffer, needles: readonly Buffer[]): string {
  const runs: [start: number, end: number][] = [];
  for (let start = 0; start < text.length; start++) {
    const found = needles.filter((needle) => text.subarray(start, start + needle.length).equals(needle));
    if (found.length === 0) continue;
    const end = start + Math.max(...found.map(({ length }) => length));
    const last = runs.at(-1);
    if (last && start < last[1]) last[1] = Math.max(last[1], end);
    else runs.push([start, end]);
  }
  let output = "";
  let at = 0;
  for (const [start, end] of runs) {
    output += `${text.toString("latin1", at, start)}******`;
    at = end;
  }
  return output + text.toString("latin1", at);
}

function masked(chunks: readonly Buffer[], needles: readonly Buffer[]): string {
  const masker = new Masker(new Automaton(needles));
  return Buffer.concat([...chunks.map((chunk) => masker.mask(chunk)), masker.end()]).toString("latin1");
}

/** The text as a whole, byte by byte, and cut in two and in three at every place. */
function* cuts(text: Buffer): Generator<Buffer[]> {
  yield [text];
  yield [...text].map((byte) => Buffer.of(byte));
  for (let first = 0; first <= text.length; first++) {
    yield [text.subarray(0, first), text.subarray(first)];
    for (let second = first; second <= text.length; second += 3) {
      yield [text.subarray(0, first), text.subarray(first, second), text.subarray(second)];
    }
  }
}

const buffers = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

for (const [name, needles, text] of [
  ["one secret", ["hunter22"], "a hunter22, hunter2, xhunter22x hunter22"],
  ["a secret that begins as it ends", ["abab"], "abab ababab abababab aba baba xababx ab"],
  ["a secret of one letter", ["aaaa"], "aaa aaaa aaaaa aaaaaaaa aaaaaaaaa a"],
  [
    "one that is the beginning of another",
    ["secret", "secretary"],
    "secret secretary secretar secreta secretsecretary",
  ],
  ["one that is the end of another", ["topsecret", "secret"], "topsecret secret topsecre tsecret topsecretopsecret"],
  ["one in the middle of another", ["xxabcdyy", "abcd"], "xxabcdyy xxabcdy abcdyy xxabcd xxxabcdyyy"],
  ["two that overlap", ["abcdef", "defghi"], "abcdefghi abcdefdefghi abcdeghi abcdefgh"],
  ["three that overlap in a chain", ["abcd", "cdef", "efgh"], "abcdefgh abcdef cdefgh abcdcdef"],
  ["with newlines", ["ab\ncd", "cd\nef"], "ab\ncd\nef ab\n\ncd ab\ncd"],
] as const) {
  test(`masking ${name}, however it is cut`, () => {
    const all = Buffer.from(text);
    const want = expected(all, buffers(...needles));
    for (const secret of needles) assert.ok(!want.includes(secret));
    for (const chunks of cuts(all)) {
      assert.equal(masked(chunks, buffers(...needles)), want, JSON.stringify(chunks.map(String)));
    }
  });
}

test("masking random text of few letters, with random secrets and cuts", () => {
  let seed = 12345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const word = (length: number): Buffer => Buffer.from(Array.from({ length }, () => 97 + random(2)));
  for (let round = 0; round < 3000; round++) {
    const needles = Array.from({ length: 1 + random(4) }, () => word(4 + random(6)));
    const text = word(random(80));
    const chunks: Buffer[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + random(12);
      chunks.push(text.subarray(at, at + length));
      at += length;
    }
    assert.equal(masked(chunks, needles), expected(text, needles), `round ${round}`);
  }
});

test("what is kept back is the beginning of a secret only, and a complete line never waits", () => {
  const masker = new Masker(new Automaton(buffers("hunter22")));
  const passes = (text: string): string => masker.mask(Buffer.from(text)).toString();
  assert.equal(passes("a line\n"), "a line\n");
  assert.equal(passes("a line with hunt\n"), "a line with hunt\n");
  assert.equal(passes("so hunt"), "so ");
  assert.equal(passes("er22"), "******");
  assert.equal(passes("hunter2"), "");
  assert.equal(passes("\n"), "hunter2\n");
  assert.equal(passes("hhhhun"), "hhh");
  assert.equal(masker.end().toString(), "hun");
  // A secret is masked as soon as it is whole, also where it could be the beginning of the next.
  const border = new Masker(new Automaton(buffers("abab", "secret", "secretary")));
  assert.equal(border.mask(Buffer.from("x abab")).toString(), "x ******");
  assert.equal(border.mask(Buffer.from("ab")).toString(), "");
  assert.equal(border.mask(Buffer.from(" secret")).toString(), " ******");
  assert.equal(border.mask(Buffer.from("ary\n")).toString(), "\n");
});

test("what has no secret in it is passed on as it is, not copied, whatever its bytes", () => {
  const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));
  const masker = new Masker(new Automaton(buffers("hunter22")));
  const output = masker.mask(bytes);
  assert.equal(output.buffer, bytes.buffer);
  assert.deepEqual(output, bytes);
});

test("a reader that changes what it was given does not change what is masked", () => {
  const masker = new Masker(new Automaton(buffers("hunter22")));
  for (let time = 0; time < 3; time++) {
    masker.mask(Buffer.from("hunter2"));
    assert.equal(masker.mask(Buffer.from("!")).fill("x").length, 8);
    assert.equal(masker.mask(Buffer.from("hunter22")).fill("x").length, 6);
  }
  assert.equal(masker.mask(Buffer.from("hunter22")).toString(), "******");
});

/** Masks a text with all forms of a value. */
function mask(value: string | Buffer, text: string): string {
  return masked([Buffer.from(text)], formsOf(Buffer.from(value)));
}

const KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSj==\nx=\n-----END KEY-----\n";

test("each line of a value is masked, whatever is before and after it", () => {
  const printed = KEY.replace("x=\n", "");
  for (const newline of ["\n", "\r\n", "\n+ ", "\\n", " "]) {
    const output = mask(KEY, printed.split("\n").join(newline));
    for (const line of printed.split("\n").filter(Boolean)) assert.ok(!output.includes(line), `${newline}: ${output}`);
  }
  assert.equal(mask("first\nsecond\n", "first\nsecond\n"), "******\n******\n");
  assert.equal(mask("first\r\nsecond", "> first\n> second\n"), "> ******\n> ******\n");
  // A line that is too short to be masked alone is masked with the whole.
  for (const newline of ["\n", "\r\n"]) assert.equal(mask("ab\ncd\nef", ["ab", "cd", "ef"].join(newline)), "******");
  assert.equal(mask('{\n  "password": "hunter22"\n}', 'a {\n  "password": "hunter22"\n  }'), "a {\n  ******\n  }");
});

test("base64, wherever the value stands in what was encoded", () => {
  for (const value of [
    "hunter22",
    "p?>~ü/+ö",
    "abcd",
    "a longer password, of more than sixty-four characters, as tokens are",
  ]) {
    const secret = Buffer.from(value);
    for (const encoding of ["base64", "base64url"] as const) {
      for (let before = 0; before < 9; before++) {
        for (let after = 0; after < 4; after++) {
          const all = Buffer.concat([Buffer.alloc(before, "x"), secret, Buffer.alloc(after, "y")]);
          const output = mask(value, `a ${all.toString(encoding)} b`);
          const [left = "", right] = output.replace(/^a /, "").replace(/ b$/, "").split("******");
          assert.ok(right !== undefined, output);
          // What is left of it decodes to the neighbours, and four bits of the value at each end.
          assert.ok(left.length <= Math.ceil((before * 8) / 6), output);
          assert.ok(right.replace(/=+$/, "").length <= Math.ceil((after * 8) / 6) + 1, output);
        }
      }
    }
    assert.equal(mask(value, secret.toString("base64")), "******");
    assert.equal(mask(value, secret.toString("base64url")), "******");
    assert.equal(mask(value, Buffer.from(`${value}\n`).toString("base64")), "******");
  }
});

test("base64 that is broken into lines, as base64(1) and openssl do", () => {
  const token = Array.from({ length: 40 }, (_, index) => `part${index}`).join(".");
  for (const columns of [76, 64]) {
    for (const value of [token, `${token}\n`]) {
      const broken =
        Buffer.from(value)
          .toString("base64")
          .match(new RegExp(`.{1,${columns}}`, "g")) ?? [];
      assert.match(mask(token, `${broken.join("\n")}\n`), /^(\*{6}\n)+$/);
    }
  }
});

test("percent-encoding, in all the ways there are", () => {
  const value = "pässword/1+2 = 3!~*'()";
  const python = "p%C3%A4ssword/1%2B2%20%3D%203%21~%2A%27%28%29";
  const curl = "p%C3%A4ssword%2F1%2B2%20%3D%203%21~%2A%27%28%29";
  const all = [encodeURIComponent(value), new URLSearchParams([["", value]]).toString().slice(1), python, curl];
  for (const text of all) {
    assert.equal(mask(value, `GET /?q=${text}&x`), "GET /?q=******&x");
    const lower = text.replaceAll(/%../g, (code) => code.toLowerCase());
    assert.equal(mask(value, `GET /?q=${lower}&x`), "GET /?q=******&x");
  }
});

test("values that are no text, and what is too short", () => {
  const bytes = Buffer.from([0xff, 0xfe, 0x80, 0x81, 0xc3, 0xa9]);
  const needles = formsOf(Buffer.concat([bytes, bytes]));
  assert.equal(masked([Buffer.concat([Buffer.of(0), bytes, bytes, Buffer.of(0xff)])], needles), "\0******\xff");
  for (const short of ["", "abc", " abc\n", "äöü", "\n\n\n\n\n", "        "]) {
    assert.deepEqual(formsOf(Buffer.from(short)), [], JSON.stringify(short));
  }
  assert.notDeepEqual(formsOf(Buffer.from("äöüß")), []);
});
