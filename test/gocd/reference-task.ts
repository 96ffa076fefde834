/** The task of the reference's document, as its users have it in their pipelines. */
export const REFERENCE_TASK = {
  shtype: "sh",
  script: `set -e

echo "[INFO] Starting Node.js build pipeline..."

# Install dependencies
echo "[STEP] Installing dependencies..."
npm ci

# Run build
echo "[STEP] Building project..."
npm run build

# Run tests
echo "[STEP] Running tests..."
npm test

echo "[SUCCESS] Build and tests completed successfully."
`,
} as const;

/** What a checkout of the project would be: without dependencies, so that npm needs no network. */
export const PROJECT: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    name: "web",
    version: "1.0.0",
    scripts: { build: "mkdir -p dist && echo built > dist/index.html", test: "grep -q built dist/index.html" },
  }),
  "package-lock.json": JSON.stringify({
    name: "web",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: { "": { name: "web", version: "1.0.0" } },
  }),
  "packages/server/package.json": JSON.stringify({
    name: "server",
    version: "1.0.0",
    scripts: { test: "echo tested" },
  }),
};
