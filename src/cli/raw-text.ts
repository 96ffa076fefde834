import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

import { usageError } from "./usage-error.ts";

/** U+DC80 to U+DCFF stand for the bytes 0x80 to 0xff that are not UTF-8, as Python does it: no valid text has them. */
const ESCAPES = /([\uDC80-\uDCFF])/u;
const ESCAPED_BYTE = 0xdc00;
const REPLACEMENT = "\uFFFD";

/** How many bytes of UTF-8 begin with this one. */
function lengthOf(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at);
    const character = bytes.subarray(at, at + lengthOf(first));
    const isValid = isUtf8(character);
    text += isValid ? character.toString() : String.fromCharCode(ESCAPED_BYTE + first);
    at += isValid ? character.length : 1;
  }
  return text;
}

/** Our arguments. Node has U+FFFD for what is not UTF-8 in them; {@link bytesOf} gives the bytes back. */
export function readArguments(): string[] {
  const args = process.argv.slice(2);
  if (!args.some((text) => text.includes(REPLACEMENT))) return args;
  let line: Buffer;
  try {
    line = readFileSync("/proc/self/cmdline");
  } catch {
    // Deno without --allow-all, and U+FFFD itself is text like any other.
    return args;
  }
  const strings: Buffer[] = [];
  for (let at = 0, end = line.indexOf(0); end !== -1; at = end + 1, end = line.indexOf(0, at)) {
    strings.push(line.subarray(at, end));
  }
  // The runtime's own come first.
  return strings.slice(strings.length - args.length).map(decode);
}

/** What an argument, or a part of one, was: text, or bytes where it is not UTF-8. */
export function bytesOf(text: string): string | Buffer {
  if (!ESCAPES.test(text)) return text;
  const parts = text.split(ESCAPES);
  // Each second one is an escape.
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 1 ? Buffer.of(part.charCodeAt(0) - ESCAPED_BYTE) : Buffer.from(part))),
  );
}

/** An argument for a message, with \x and two digits for a byte that is not UTF-8. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/\\udc([89a-f][0-9a-f])/g, "\\x$1");
}

/** Refuses an argument that must be text. @throws ExecutorError INVALID_OPTION. */
export function requireText(what: string, text: string): void {
  if (!ESCAPES.test(text)) return;
  throw usageError(`${what} ${quote(text)} is not valid UTF-8`, "convert it, for example with iconv -f latin1 -t utf8");
}

/** Refuses values of options that must be text. @throws ExecutorError INVALID_OPTION. */
export function requireTexts(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    for (const text of Array.isArray(value) ? value : [value]) {
      if (typeof text === "string") requireText(`the value of --${name}`, text);
    }
  }
}
