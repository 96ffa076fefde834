#include <errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>

#include "step.h"
#include "../syscall.h"

/* The bounding set is the ceiling of everything a set-uid or root program in the step can ever get. */
static int cut_bounding_set(uint64_t drop)
{
    for (unsigned int capability = 0; capability < 64; capability++) {
        if (!(drop >> capability & 1))
            continue;
        long result = SYSCALL(prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
        if (result == -EINVAL)
            break; /* past the last one that this kernel knows */
        if (result < 0)
            return (int)result;
    }
    return 0;
}

static int cut_capabilities(const struct request_header *header)
{
    struct __user_cap_header_struct which = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct sets[2];
    long result = SYSCALL(capget, &which, sets);
    if (result < 0)
        return (int)result;
    for (unsigned int half = 0; half < 2; half++) {
        uint32_t ambient = (uint32_t)(header->ambient >> (32 * half));
        uint32_t permitted = (uint32_t)(header->permitted >> (32 * half));
        /* Root keeps what the target has, and execve gives it the bounding set unless it may not gain privileges;
         * another user keeps what is ambient. */
        sets[half].permitted &= header->uid == 0 ? permitted : ambient;
        sets[half].effective = sets[half].permitted;
        sets[half].inheritable = (uint32_t)(header->inheritable >> (32 * half)) & sets[half].permitted;
    }
    return (int)SYSCALL(capset, &which, sets);
}

static int set_ambient(uint64_t ambient)
{
    long result = SYSCALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned int capability = 0; result == 0 && capability < 64; capability++)
        if (ambient >> capability & 1)
            result = SYSCALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    return (int)result;
}

int take_outer_groups(const struct request *request, struct progress *progress)
{
    at_stage(progress, STAGE_GROUPS);
    if (!(request->header.flags & REQUEST_OUTER_GROUPS))
        return 0;
    long result = SYSCALL(setgroups, request->header.group_count, request->groups);
    if (result != -EPERM)
        return (int)result;
    progress->kept |= KEPT_GROUPS;
    return 0;
}

int take_identity(const struct request *request, struct progress *progress)
{
    const struct request_header *header = &request->header;
    long result;

    at_stage(progress, STAGE_GROUPS);
    if (!(header->flags & REQUEST_OUTER_GROUPS)) {
        result = SYSCALL(setgroups, header->group_count, request->groups);
        if (result < 0)
            return (int)result;
    }
    at_stage(progress, STAGE_GID);
    result = SYSCALL(setresgid, header->gid, header->gid, header->gid);
    if (result < 0)
        return (int)result;

    at_stage(progress, STAGE_BOUNDING);
    result = cut_bounding_set(header->bounding_drop);
    if (result < 0)
        return (int)result;

    at_stage(progress, STAGE_UID);
    if (header->ambient) {
        result = SYSCALL(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
        if (result < 0)
            return (int)result;
    }
    result = SYSCALL(setresuid, header->uid, header->uid, header->uid);
    if (result < 0)
        return (int)result;

    at_stage(progress, STAGE_CAPABILITIES);
    result = cut_capabilities(header);
    if (result == 0)
        result = set_ambient(header->ambient);
    if (result < 0)
        return (int)result;

    at_stage(progress, STAGE_PRIVILEGES);
    if (header->flags & REQUEST_NO_NEW_PRIVILEGES)
        return (int)SYSCALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return 0;
}
