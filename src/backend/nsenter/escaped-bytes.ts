import { isUtf8 } from "node:buffer";

/** What is not UTF-8, as variables that are, and the statements that give the container's sh the bytes. */
export interface EscapedBytes {
  variables: Readonly<Record<string, string>>;
  /** With numbers and our own names only. */
  statements: readonly string[];
}

/** As printf's %b takes it. */
function escape(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
}

/** Other names a shell refuses, and drops when it finds them in its environment. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Node starts programs with text only, and would write U+FFFD for bytes that are not UTF-8.
 *
 * @param prefix The beginning of names that no variable of the step has.
 */
export function escapeBytes(prefix: string, environment: readonly Buffer[], args: readonly Buffer[]): EscapedBytes {
  const variables: Record<string, string> = {};
  const statements: string[] = [];
  // Command substitution drops newlines at the end, hence the dot.
  const hide = (name: string, bytes: Buffer): void => {
    variables[name] = escape(bytes);
    statements.push(`${name}=$(printf %b. "$${name}")`);
  };
  environment.forEach((entry, index) => {
    if (isUtf8(entry) || !IDENTIFIER.test(entry.toString("latin1", 0, entry.indexOf("=")))) return;
    const name = `${prefix}E${index}`;
    hide(name, entry);
    statements.push(`export "\${${name}%.}"; unset ${name}`);
  });
  const words = args.map((argument, index) => {
    if (isUtf8(argument)) return `"\${${index + 1}}"`;
    const name = `${prefix}A${index}`;
    hide(name, argument);
    return `"\${${name}%.}"`;
  });
  const names = args.flatMap((argument, index) => (isUtf8(argument) ? [] : [`${prefix}A${index}`]));
  if (names.length > 0) statements.push(`set -- ${words.join(" ")}`, `unset ${names.join(" ")}`);
  return { variables, statements };
}
