import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { HELP } from "../../src/cli/help.ts";
import type { Ended } from "../guests/beside-guest.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

function read(file: string): string {
  return readFileSync(path.join(REPOSITORY, file), "utf8");
}

/** The TypeScript examples of a file: those of documents, and those in doc comments. */
function examples(file: string): string[] {
  const text = read(file);
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

/** For an example that is but a part of a program. */
const PREAMBLE = 'import { connect } from "k8s-executor";\nconst guest = await connect();\n';

/** What reaps the orphans, as a Pod's pause container does. */
const INIT = ["sh", "-c", '"$@"; exit "$?"', "sh"];

/** In a Pod there is one other container, on this machine any number: so they run in a pid namespace with one guest, maven. */
const BESIDE_GUEST = [
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
  ...INIT,
  process.execPath,
  "--import",
  "tsx",
  fileURLToPath(new URL("../guests/beside-guest.ts", import.meta.url)),
];

test("every TypeScript example runs as it is written", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  const cache = path.join(REPOSITORY, "test/.cache");
  mkdirSync(cache, { recursive: true });
  // Inside the package, where its own name leads to what was built.
  const directory = mkdtempSync(path.join(cache, "examples-"));
  try {
    const programs = FILES.flatMap((file) =>
      examples(file).map((code, index) => {
        const program = path.join(directory, `${path.basename(file)}-${index}.ts`);
        writeFileSync(program, (code.includes('from "k8s-executor"') ? "" : PREAMBLE) + code);
        return { name: `${file}, example ${index + 1}`, program };
      }),
    );
    const child = spawn("unshare", [...BESIDE_GUEST, ...programs.map(({ program }) => program)], {
      cwd: REPOSITORY,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const closed = once(child, "close");
    const ends = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    for (const { name } of programs) {
      await t.test(name, async () => {
        const { value } = await ends.next();
        const { status, stderr } = JSON.parse(String(value)) as Ended;
        assert.equal(status, 0, stderr);
      });
    }
    assert.deepEqual(await closed, [0, null]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("no line of the help is wider than 100 columns", () => {
  assert.deepEqual(
    HELP.split("\n").filter((line) => line.length > 100),
    [],
  );
});

test("the README shows the commands as the help does", () => {
  const [commands = ""] = HELP.match(/(?:^ {2}k8s-executor .*\n)+/m) ?? [];
  assert.match(commands, /\n.*\n/);
  assert.ok(read("README.md").includes(`\`\`\`\n${commands.replaceAll(/^ {2}/gm, "")}\`\`\`\n`), commands);
});

test("each link of the README leads to what the package has, too", () => {
  const { files } = JSON.parse(read("package.json")) as { files: string[] };
  // LICENSE is packed in any case.
  const packed = [...files, "LICENSE"].map((entry) => new RegExp(`^${entry.replaceAll("*", "[^/]*")}(?:/|$)`));
  const links = [...read("README.md").matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = ""]) => link);
  assert.notEqual(links.length, 0);
  assert.deepEqual(
    links.filter((link) => !packed.some((entry) => entry.test(link))),
    [],
  );
});
