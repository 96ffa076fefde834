import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { makeMarkedFile, openSharedRoot } from "../../src/step/index.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";

for (const backend of BACKENDS.filter((name) => name !== "nsenter")) {
  test(`${backend}: what an agent that was killed has left of a marked file is removed by the next connect()`, async () => {
    await withGuest({}, async ({ pid, sharedRoot, containerRoot }) => {
      const root = openSharedRoot(sharedRoot, containerRoot);
      // More than one, for the mark depends on the moment.
      const files = Array.from({ length: 20 }, () => makeMarkedFile(root));
      for (const file of files) file.write("something");
      assert.equal(readdirSync(sharedRoot).length, 20);
      const guest = await connect({ pid, sharedRoot, containerRoot, backend });
      assert.deepEqual(readdirSync(sharedRoot), []);
      assert.ok(files.every((file) => !file.isThere()));
      for (const file of files) file.remove();
      guest.close();
      root.close();
    });
  });
}

test("a marked file is written to, read and removed; what is put in its place is told from it", () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-marked-"));
  const root = openSharedRoot(directory);
  try {
    const file = makeMarkedFile(root);
    const place = path.join(directory, file.name);
    file.write("something");
    assert.equal(readFileSync(place, "utf8"), "something");
    assert.equal(file.read(100), "something");
    assert.ok(!file.isSame(root.fd) && file.isThere());
    unlinkSync(place);
    assert.ok(!file.isThere());
    file.remove();
    assert.ok(!existsSync(place));
  } finally {
    root.close();
    rmSync(directory, { recursive: true });
  }
});
