import type { Plugin } from "esbuild";

const CONTENTS = `
import { closeSync, openSync, readSync } from "node:fs";
import { randomFillSync } from "node:crypto";

export default function rng() {
  const bytes = new Uint8Array(16);
  let fd;
  try {
    fd = openSync("/dev/urandom", "r");
    if (readSync(fd, bytes) === bytes.length) return bytes;
  } catch {
    // There is no /dev here.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  return randomFillSync(bytes);
}
`;

/** Lets uuid take its random bytes from the kernel itself. */
export const kernelRandom: Plugin = {
  name: "kernel-random",
  setup(build) {
    build.onLoad({ filter: /\/uuid\/dist[^/]*\/rng\.js$/ }, ({ path }) => ({
      contents: CONTENTS,
      resolveDir: path.replace(/\/[^/]*$/, ""),
    }));
  },
};
