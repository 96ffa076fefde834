/** Shorter values would shred the log: "no" or "1" stand everywhere. In characters, white space at the ends not counted. */
export const SHORTEST = 4;
/** Where base64(1) and PEM break lines. */
const COLUMNS = [76, 64] as const;
/** ASCII white space, but not what trim() adds to it: 0xa0 can be a part of a UTF-8 character. */
const SPACE: ReadonlySet<string> = new Set([" ", "\t", "\n", "\v", "\f", "\r"]);

/** What different encoders leave as it is: encodeURIComponent, HTML forms, RFC 3986 (curl, jq), Python's quote. */
const UNRESERVED = [/[\w.!~*'()-]/, /[\w.*-]/, /[\w.~-]/, /[\w.~/-]/] as const;

/** A value as latin1, one character for each byte, so that each byte survives. */
type Bytes = string;

function trim(text: Bytes): Bytes {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.has(text.charAt(start))) start++;
  while (end > start && SPACE.has(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** In characters: the bytes that do not continue one, in UTF-8. */
function isLongEnough(text: Bytes): boolean {
  return text.replace(/[\x80-\xbf]/g, "").length >= SHORTEST;
}

function base64(text: Bytes): string {
  return Buffer.from(text, "latin1").toString("base64");
}

/** As base64url has it. */
function urlSafe(text: string): string {
  return text.replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * What of a base64 text depends on the value alone, wherever it stands in what was encoded: after 3n, 3n + 1 or 3n + 2
 * bytes. Up to four bits of its first and last byte are in characters that depend on the neighbours too.
 */
function base64Cores(text: Bytes): string[] {
  return [0, 1, 2].map((before) => {
    const bits = 8 * (before + text.length);
    return base64("\0".repeat(before) + text).slice(Math.ceil((8 * before) / 6), Math.floor(bits / 6));
  });
}

/** What `printf %s "$VALUE" | base64` and `echo "$VALUE" | base64` print, in one line or broken. */
function base64Outputs(value: Bytes): string[] {
  return [base64(value), base64(`${value}\n`)].flatMap((whole) => {
    const broken = COLUMNS.filter((columns) => whole.length > columns).flatMap(
      (columns) => whole.match(new RegExp(`.{${SHORTEST},${columns}}`, "g")) ?? [],
    );
    return [whole, whole.replace(/=+$/, "")].concat(broken);
  });
}

function percentEncoded(text: Bytes): string[] {
  return UNRESERVED.flatMap((unreserved, index) => {
    const encode = (hex: (code: string) => string): string =>
      text.replace(/[^]/g, (byte) => {
        if (unreserved.test(byte)) return byte;
        // Only HTML forms have a sign for the space.
        if (byte === " " && index === 1) return "+";
        return `%${hex(byte.charCodeAt(0).toString(16).padStart(2, "0"))}`;
      });
    return [encode((code) => code.toUpperCase()), encode((code) => code)];
  });
}

function encoded(text: Bytes): string[] {
  const cores = base64Cores(text);
  return [...cores, ...cores.map(urlSafe), ...percentEncoded(text)];
}

/**
 * The forms in which a value may show: itself, each of its lines, and all of these in base64, base64url and
 * percent-encoding. Empty where it is too short.
 */
export function formsOf(value: Buffer): Buffer[] {
  const text = value.toString("latin1");
  const whole = trim(text);
  if (!isLongEnough(whole)) return [];
  const all = whole
    .split(/[\r\n]+/)
    .map(trim)
    .filter(Boolean);
  const lines = all.filter(isLongEnough);
  const forms = new Set<Bytes>([whole, ...lines].flatMap(encoded));
  for (const output of base64Outputs(text)) {
    forms.add(output);
    forms.add(urlSafe(output));
  }
  for (const line of lines) forms.add(line);
  // Otherwise each line is masked by itself, so that a line need not wait for the next one.
  if (lines.length < all.length) {
    forms.add(whole.replace(/\r\n?/g, "\n"));
    forms.add(whole.replace(/\r\n?|\n/g, "\r\n"));
  }
  return [...forms].filter((form) => form.length >= SHORTEST).map((form) => Buffer.from(form, "latin1"));
}
