/**
 * The main job on a throw-away guest: `npm run demo`. It makes a guest with its own pid, mount, uts, ipc and net
 * namespaces and its own root file system, runs a build script in it with each backend, and says what happened.
 */
import { connect, ExecutorError } from "../src/index.ts";
import { makeGuest } from "../test/guests/guest.ts";

const SCRIPT = `set -e
echo "[INFO] Starting build pipeline in $(hostname), as $(id -un), in $(pwd)"
echo "[STEP] Building $PROJECT..."
mkdir -p build && echo "built" > build/result
echo "[STEP] Testing..."
grep -q built build/result
echo "a warning" >&2
echo "[SUCCESS] Build and tests completed successfully."
`;

const guest = await makeGuest();
console.log(
  `A throw-away guest: main process ${guest.pid}, shared volume ${guest.sharedRoot} -> ${guest.containerRoot}\n`,
);
let failures = 0;
try {
  for (const backend of ["native", "helper", "nsenter"] as const) {
    try {
      const container = await connect({ ...guest, backend });
      const result = await container.run({ script: SCRIPT, cwd: guest.sharedRoot, env: { PROJECT: 'it\'s "quoted"' } });
      const failing = await container.run({ script: "exit 7" });
      container.close();
      console.log(`${backend}:`);
      for (const line of (result.stdout ?? "").split("\n")) console.log(`  ${line}`);
      console.log(`  (stderr) ${result.stderr}`);
      console.log(`  exit status ${result.exitCode} after ${result.durationMs.toFixed(1)} ms, the first step`);
      console.log(`  \`exit 7\` gave exit status ${failing.exitCode} after ${failing.durationMs.toFixed(1)} ms\n`);
      if (result.exitCode !== 0 || failing.exitCode !== 7) failures++;
    } catch (error) {
      if (!(error instanceof ExecutorError)) throw error;
      console.log(`${backend}: ${error.code}: ${error.message}\n`);
      failures++;
    }
  }
} finally {
  await guest.close();
}
process.exitCode = failures === 0 ? 0 : 1;
