import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import type { Plugin } from "esbuild";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
/** Where modules come from that are made here. */
const KOFFI = "koffi-or-the-package";
const MODULE = "create-require";
/** The package of koffi's binary for this architecture; other architectures load theirs as it is. */
const BINARY = `@koromix/koffi-linux-${process.arch}`;

/** What chooses the binary, by the libc. It names it relative to itself, and stands elsewhere in a bundle. */
function readChooser(): string {
  const own = createRequire(path.join(REPOSITORY, "node_modules/koffi/index.cjs"));
  const chooser = readFileSync(own.resolve(BINARY), "utf8");
  const moved = chooser.replaceAll(/"\.\/(?=\w+\/koffi\.node")/g, `"${BINARY}/`);
  if (moved === chooser) throw new Error(`${BINARY} names its binaries otherwise`);
  return moved;
}

/**
 * Takes koffi's JavaScript into the bundle, so that only its binary is looked for. Where that is not to be found from
 * here (pnpm), or is another version's, koffi itself is loaded.
 */
export const koffiWithin: Plugin = {
  name: "koffi-within",
  setup(build) {
    build.onResolve({ filter: /^koffi$/ }, ({ path: name, namespace }) =>
      namespace === KOFFI ? { path: name, external: true } : { path: name, namespace: KOFFI },
    );
    build.onLoad({ filter: /.*/, namespace: KOFFI }, () => ({
      contents: `
        try { module.exports = require("./node_modules/koffi/index.cjs"); }
        catch { module.exports = require("koffi"); }`,
      resolveDir: REPOSITORY,
    }));
    build.onResolve({ filter: /^@koromix\// }, ({ path: name }) =>
      name === BINARY ? { path: name, namespace: BINARY } : { path: name, external: true },
    );
    build.onLoad({ filter: /.*/, namespace: BINARY }, () => ({ contents: readChooser() }));
    // It asks for the require that it has, and node:module takes a millisecond to load.
    build.onResolve({ filter: /^node:module$/ }, ({ path: name, importer }) =>
      importer.includes("/koffi/") ? { path: name, namespace: MODULE } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: MODULE }, () => ({ contents: "exports.createRequire = () => require;" }));
  },
};
