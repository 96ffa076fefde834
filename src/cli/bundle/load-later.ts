/** Modules of Node that cost a step milliseconds where it does not use them; the others are loaded by then, or cheap. */
const LATER = ["child_process", "crypto", "events", "fs/promises", "net", "stream", "tty"];

const REQUIRED = new RegExp(
  `(?<=[;,{}\\s])(import_\\w+) ?= ?require\\("(node:(?:${LATER.join("|")}))"\\)(?=[;,])`,
  "g",
);

/**
 * Lets a bundle load modules of Node when it first uses them. esbuild loads all that is imported at the start.
 *
 * @param bundle CommonJS, as esbuild writes it with names left as they are.
 */
export function loadLater(bundle: string): string {
  const modules = new Map<string, string>();
  const without = bundle.replaceAll(REQUIRED, (_, name: string, module: string) => {
    modules.set(name, module);
    return name;
  });
  const eager = LATER.filter((module) => without.includes(`require("node:${module}")`));
  if (eager.length > 0)
    throw new Error(`${eager.join(", ")} would be loaded at the start: esbuild writes it otherwise`);
  return without.replaceAll(/\b(new )?(import_\w+)\.(\w+)/g, (text, made: string | undefined, name: string, member) => {
    const module = modules.get(name);
    if (module === undefined) return text;
    // In parentheses, or what is made would be the module.
    return made === undefined ? `require("${module}").${member}` : `new (require("${module}").${member})`;
  });
}
