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
  assert.equal(resolveCwd(undefined, "/home/x", root), "/home/x");
  assert.equal(resolveCwd("sub", "/home/x", root), "/home/x/sub");
  assert.equal(resolveCwd("/var/go/p", "/home/x", root), "/go/p");
  assert.equal(resolveCwd("/var/go/p", "/home/x", undefined), "/var/go/p");
  assert.throws(() => resolveCwd("/a\0b", "/", root), { code: "INVALID_OPTION" });
});

test("a program is looked for as execvp does", () => {
  assert.deepEqual(searchPath("sh", "/bin:/usr/bin"), ["/bin/sh", "/usr/bin/sh"]);
  assert.deepEqual(searchPath("sh", ":/bin"), ["./sh", "/bin/sh"]);
  assert.deepEqual(searchPath("sh", "/bin:/usr/bin:/bin"), ["/bin/sh", "/usr/bin/sh"]);
  assert.deepEqual(searchPath("./sh", "/bin"), ["./sh"]);
  assert.deepEqual(searchPath("/x/sh", "/bin"), ["/x/sh"]);
});
