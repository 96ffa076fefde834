/**
 * Draws the start of `true` from the JSON of a run: `npm run bench:picture -- RESULTS.json PICTURE.svg`.
 * A runtime's name may follow, and the guest's kind: `... PICTURE.svg "node 20.20.2" mnt`.
 */
import { readFileSync, writeFileSync } from "node:fs";

import { drawStarts } from "./report/index.ts";
import type { Document } from "./report/index.ts";

const [results, picture, runtime, guest] = process.argv.slice(2);
if (results === undefined || picture === undefined) {
  console.error("npm run bench:picture -- RESULTS.json PICTURE.svg [RUNTIME [GUEST]]");
  process.exitCode = 2;
} else {
  try {
    const document = JSON.parse(readFileSync(results, "utf8")) as Document;
    writeFileSync(picture, drawStarts(document, runtime ?? document.runtimes[0] ?? "", guest ?? "mnt"));
  } catch (error) {
    console.error(`no picture of ${results} (results of startup are needed): ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
