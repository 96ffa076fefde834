#include <errno.h>
#include <linux/sched.h>

#include "step.h"
#include "../syscall.h"

bool joins(const struct request *request, uint32_t type)
{
    for (uint32_t i = 0; i < request->header.namespace_count; i++)
        if (request->namespaces[i].type == type)
            return true;
    return false;
}

int join_namespace(const struct request *request, uint32_t type, struct progress *progress)
{
    at_stage(progress, STAGE_NAMESPACE);
    progress->detail = type;
    for (uint32_t i = 0; i < request->header.namespace_count; i++)
        if (request->namespaces[i].type == type)
            return (int)SYSCALL(setns, FD_NAMESPACES + i, type);
    return -EINVAL;
}

/* With privilege the user namespace comes last, for joining it gives up power over the namespaces that it does not
 * own. Without privilege it must come first, for it is what gives power over the others. As nsenter(1) does, try
 * the first way and then join what is left. */
int join_namespaces(const struct request *request, uint32_t skip, struct progress *progress)
{
    bool user_first = (skip & CLONE_NEWUSER) != 0;
    uint32_t left = 0;
    for (uint32_t i = 0; i < request->header.namespace_count; i++) {
        uint32_t type = request->namespaces[i].type;
        if (type & (skip | CLONE_NEWUSER))
            continue;
        int result = join_namespace(request, type, progress);
        if (result < 0 && (user_first || !joins(request, CLONE_NEWUSER)))
            return result;
        if (result < 0)
            left |= type;
    }
    if (!user_first && joins(request, CLONE_NEWUSER)) {
        int result = join_namespace(request, CLONE_NEWUSER, progress);
        if (result < 0)
            return result;
    }
    for (uint32_t i = 0; i < request->header.namespace_count; i++) {
        if (!(request->namespaces[i].type & left))
            continue;
        int result = join_namespace(request, request->namespaces[i].type, progress);
        if (result < 0)
            return result;
    }
    return 0;
}
