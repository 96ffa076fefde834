/* Reads a request from descriptor 3 as the helper does, and prints it as JSON, strings in hexadecimal. */
#include <string.h>

#include "../../native/step/step.h"
#include "check.h"

static void print_bytes(const char *name, const char *bytes, size_t length)
{
    printf(", \"%s\": \"", name);
    for (size_t i = 0; i < length; i++)
        printf("%02x", (unsigned char)bytes[i]);
    printf("\"");
}

static void print_list(const char *name, char **strings)
{
    printf(", \"%s\": [", name);
    for (char **string = strings; *string; string++) {
        printf("%s\"", string == strings ? "" : ", ");
        for (const char *at = *string; *at; at++)
            printf("%02x", (unsigned char)*at);
        printf("\"");
    }
    printf("]");
}

static void print_numbers(const char *name, const uint32_t *numbers, uint32_t count)
{
    printf(", \"%s\": [", name);
    for (uint32_t i = 0; i < count; i++)
        printf("%s%u", i == 0 ? "" : ", ", numbers[i]);
    printf("]");
}

int main(void)
{
    struct request request;
    prepare_checks();
    CHECK(receive_request(&request) == 0);
    const struct request_header *header = &request.header;
    printf("{\"pid\": %u, \"uid\": %u, \"gid\": %u, \"umask\": %u, \"ourUid\": %u, \"ourGid\": %u", header->target_pid,
           header->uid, header->gid, header->umask, header->script_uid, header->script_gid);
    printf(", \"permitted\": \"%llx\", \"inheritable\": \"%llx\", \"ambient\": \"%llx\"",
           (unsigned long long)header->permitted, (unsigned long long)header->inheritable,
           (unsigned long long)header->ambient);
    printf(", \"oomScoreAdj\": %d, \"cgroups\": %u, \"limits\": [", header->oom_score_adj, header->cgroup_count);
    for (uint32_t i = 0; i < header->limit_count; i++)
        printf("%s\"%llx\", \"%llx\", \"%llx\"", i == 0 ? "" : ", ", (unsigned long long)request.limits[i].resource,
               (unsigned long long)request.limits[i].soft, (unsigned long long)request.limits[i].hard);
    printf("]");
    printf(", \"attributes\": [");
    for (uint32_t i = 0; i < header->attribute_count; i++)
        printf("%s\"%llx\", \"%llx\"", i == 0 ? "" : ", ", (unsigned long long)request.attributes[i].kind,
               (unsigned long long)request.attributes[i].value);
    printf("], \"affinity\": [");
    for (uint32_t i = 0; i < header->affinity_count; i++)
        printf("%s\"%llx\"", i == 0 ? "" : ", ", (unsigned long long)request.affinity[i]);
    printf("]");
    print_numbers("groups", request.groups, header->group_count);
    /* Each is a type and an inode. */
    print_numbers("namespaces", &request.namespaces->type, header->namespace_count * 2);
    print_bytes("name", request.script_name, strlen(request.script_name));
    print_bytes("cwd", request.cwd, strlen(request.cwd));
    print_list("candidates", request.candidates);
    print_list("arguments", request.arguments);
    print_list("environment", request.environment);
    print_bytes("script", request.script, header->script_size);
    printf("}\n");
    return 0;
}
