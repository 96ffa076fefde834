import { fileURLToPath } from "node:url";

import type { Plugin } from "esbuild";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));

const NAMESPACE = "koffi";

/**
 * Takes koffi's JavaScript into the bundle, so that only its binary is looked for. Where that is not to be found from
 * here (pnpm), or is another version's, koffi itself is loaded.
 */
export const koffiWithin: Plugin = {
  name: "koffi-within",
  setup(build) {
    build.onResolve({ filter: /^@koromix\// }, ({ path }) => ({ path, external: true }));
    build.onResolve({ filter: /^koffi$/ }, ({ path, namespace }) =>
      namespace === NAMESPACE ? { path, external: true } : { path, namespace: NAMESPACE },
    );
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({
      contents:
        'try { module.exports = require("./node_modules/koffi/index.cjs"); } catch { module.exports = require("koffi"); }',
      resolveDir: REPOSITORY,
    }));
  },
};
