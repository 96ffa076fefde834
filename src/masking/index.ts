export { maskStream, type MaskedStream } from "./masked-stream.ts";
export { findSecrets, type Secrets } from "./secrets.ts";
