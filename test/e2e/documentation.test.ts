import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { withGuest } from "../support/contract.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

/** The TypeScript examples of a file: those of documents, and those in doc comments. */
function examples(file: string): string[] {
  const text = readFileSync(path.join(REPOSITORY, file), "utf8");
  const plain = file.endsWith(".md") ? text : text.replaceAll(/^ *\* ?/gm, "");
  return [...plain.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => code);
}

const FILES = [
  "README.md",
  ...readdirSync(path.join(REPOSITORY, "docs")).map((name) => path.join("docs", name)),
  ...readdirSync(path.join(REPOSITORY, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => path.join("src", name)),
];

test("every TypeScript example runs as it is written", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  const cache = path.join(REPOSITORY, "test/.cache");
  mkdirSync(cache, { recursive: true });
  // Inside the package, where its own name leads to what was built.
  const directory = mkdtempSync(path.join(cache, "examples-"));
  try {
    await withGuest({}, async ({ pid }) => {
      for (const file of FILES) {
        for (const [index, code] of examples(file).entries()) {
          await t.test(`${file}, example ${index + 1}`, () => {
            const preamble = code.includes('from "k8s-executor"')
              ? ""
              : 'import { connect } from "k8s-executor";\nconst guest = await connect({ pid: Number(process.env.GO_K8S_CONTAINER_PID) });\n';
            const program = path.join(directory, `${path.basename(file)}-${index}.ts`);
            writeFileSync(program, preamble + code);
            execFileSync(process.execPath, ["--import", "tsx", program], {
              cwd: REPOSITORY,
              env: { ...process.env, GO_K8S_CONTAINER_PID: String(pid) },
              stdio: ["ignore", "ignore", "pipe"],
            });
          });
        }
      }
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
