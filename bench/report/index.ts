export { headline, type Document } from "./document.ts";
export { drawStarts } from "./picture.ts";
export { present, summarize, type Measured, type Place, type Summary } from "./summary.ts";
export { median, quantile, ratioOfMedians, type Interval } from "./statistics.ts";
export { groupTable, placeOf } from "./table.ts";
export { judgeAll, verdictTable, type Verdict } from "./verdict.ts";
