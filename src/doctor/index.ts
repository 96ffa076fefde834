export { examine } from "./examine.ts";
export { type CheckStatus, type Finding } from "./finding.ts";
export { type Mend } from "./mend.ts";
export { type DoctorOptions } from "./options.ts";
export { type ContainerReport, type Report } from "./report.ts";
