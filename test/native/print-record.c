/* Writes a record as the helper does, for src/backend/record.ts to read. */
#include "../../native/step/record.h"
#include "../../native/step/request.h"
#include "check.h"

int main(void)
{
    const struct record record = {
        .kind = RECORD_ENDED,
        .flags = RECORD_TARGET_GONE | RECORD_SCRIPT_LEFT | RECORD_SUBREAPER_LOST | RECORD_UNCOUNTED |
                 RECORD_SCRIPT_IN_MEMORY | RECORD_RESIDENT_LOST,
        .step = 0x01020304,
        .stage = 18,
        .error = 2,
        .detail = 0x20000,
        .wait_status = 0x0300,
        .survivors = 7,
        .kept = KEPT_CGROUP | KEPT_LIMITS | KEPT_GROUPS | KEPT_ATTRIBUTE(ATTRIBUTE_AFFINITY) |
                KEPT_ATTRIBUTE(ATTRIBUTE_NICE),
        .user_microseconds = 0x100000001,
        .system_microseconds = 0x100000002,
        .max_rss_kib = 0x100000003,
        .cgroup_error = 13,
        .group = 4711,
        .cwd_error = 20,
        .script_error = 1,
    };
    return fwrite(&record, sizeof record, 1, stdout) == 1 ? 0 : 1;
}
