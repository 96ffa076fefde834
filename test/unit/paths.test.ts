import assert from "node:assert/strict";
import { test } from "node:test";

import { searchPath } from "../../src/step/search-path.ts";
import { toContainerPath, type SharedRoot } from "../../src/step/shared-root.ts";
import { resolveCwd } from "../../src/step/working-directory.ts";

const root: SharedRoot = { ours: "/var/go", theirs: "/go", fd: -1, close: () => undefined };

test("paths on the shared volume are mapped, others are not", () => {
  for (const [ours, theirs] of [
    ["/var/go", "/go"],
    ["/var/go/", "/go"],
    ["/var/go/pipelines/x", "/go/pipelines/x"],
    ["/var/go/a/../b", "/go/b"],
    ["/var/go/..hidden", "/go/..hidden"],
    ["/var/go/../go2", undefined],
    ["/var/gopher", undefined],
    ["/go/pipelines", undefined],
  ] as const) {
    assert.equal(toContainerPath(root, ours), theirs, ours);
  }
});

test("the working directory", () => {
  const main = { path: "/home/x", problem: undefined };
  const wanted = (path: string): object => ({ path, isWanted: true, warning: undefined });
  assert.deepEqual(resolveCwd(undefined, main, root), { path: "/home/x", isWanted: false, warning: undefined });
  assert.deepEqual(resolveCwd("sub", main, root), wanted("/home/x/sub"));
  assert.deepEqual(resolveCwd("/var/go/p", main, root), wanted("/go/p"));
  assert.deepEqual(resolveCwd("/var/go/p", main, undefined), wanted("/var/go/p"));
  assert.throws(() => resolveCwd("/a\0b", main, root), { code: "INVALID_OPTION" });
});

test("a working directory that has no path is / where nobody asks for more, and nothing is relative to it", () => {
  const main = { path: "/", problem: "is outside the container's root directory" };
  assert.deepEqual(resolveCwd(undefined, main, root), {
    path: "/",
    isWanted: false,
    warning:
      "the working directory of the container's main process is outside the container's root directory; the step runs in /",
  });
  assert.throws(() => resolveCwd("sub", main, root), {
    code: "WORKING_DIRECTORY",
    message:
      /"sub" is relative, and the working directory of .* is outside the container's root directory; give a path from \//,
  });
  assert.equal(resolveCwd("/etc", main, root).path, "/etc");
});

test("a program is looked for as execvp does", () => {
  assert.deepEqual(searchPath("sh", "/bin:/usr/bin"), ["/bin/sh", "/usr/bin/sh"]);
  assert.deepEqual(searchPath("sh", ":/bin"), ["./sh", "/bin/sh"]);
  assert.deepEqual(searchPath("sh", "/bin:/usr/bin:/bin"), ["/bin/sh", "/usr/bin/sh"]);
  assert.deepEqual(searchPath("./sh", "/bin"), ["./sh"]);
  assert.deepEqual(searchPath("/x/sh", "/bin"), ["/x/sh"]);
});
