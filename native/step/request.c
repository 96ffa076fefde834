#include "request.h"

/* Takes one NUL-terminated string off the front of the bytes; NULL where none ends in time. */
static char *take_string(char **cursor, const char *end)
{
    char *start = *cursor;
    for (char *at = start; at < end; at++) {
        if (*at == '\0') {
            *cursor = at + 1;
            return start;
        }
    }
    return NULL;
}

static bool take_list(char **cursor, const char *end, uint32_t count, char ***pointers, char ***list)
{
    *list = *pointers;
    for (uint32_t i = 0; i < count; i++) {
        char *string = take_string(cursor, end);
        if (!string)
            return false;
        *(*pointers)++ = string;
    }
    *(*pointers)++ = NULL;
    return true;
}

size_t request_pointer_count(const struct request_header *header)
{
    if (header->magic != REQUEST_MAGIC || header->size < sizeof *header || header->size > REQUEST_MAX_SIZE)
        return 0;
    if (header->limit_count > REQUEST_MAX_LIMITS || header->cgroup_count > REQUEST_MAX_CGROUPS)
        return 0;
    if (header->attribute_count > REQUEST_MAX_ATTRIBUTES || header->affinity_count > REQUEST_MAX_AFFINITY)
        return 0;
    if (header->group_count > REQUEST_MAX_GROUPS || header->namespace_count > REQUEST_MAX_NAMESPACES)
        return 0;
    if (header->candidate_count == 0 || header->argument_count == 0)
        return 0;
    /* A string is at least its NUL, so a count above the size is a lie; this also keeps the sum from overflowing. */
    if (header->candidate_count > header->size || header->argument_count > header->size ||
        header->environment_count > header->size)
        return 0;
    return (size_t)header->candidate_count + header->argument_count + header->environment_count + 3;
}

bool request_parse(const struct request_header *header, char *body, size_t length, char **pointers,
                   struct request *request)
{
    size_t numbers = header->limit_count * sizeof(struct request_limit) +
                     header->attribute_count * sizeof(struct request_attribute) +
                     header->affinity_count * sizeof(uint64_t) +
                     header->group_count * sizeof(uint32_t) + header->namespace_count * sizeof(struct request_namespace);
    if (length != header->size - sizeof *header || numbers > length || header->script_size > length - numbers)
        return false;
    request->header = *header;
    /* The body follows a header whose size is a multiple of 8, in page-aligned memory: the numbers are aligned. */
    request->limits = (const struct request_limit *)(void *)body;
    request->attributes = (const struct request_attribute *)(const void *)(request->limits + header->limit_count);
    request->affinity = (const uint64_t *)(const void *)(request->attributes + header->attribute_count);
    request->groups = (const uint32_t *)(const void *)(request->affinity + header->affinity_count);
    request->namespaces = (const struct request_namespace *)(const void *)(request->groups + header->group_count);
    char *cursor = body + numbers;
    const char *end = body + length - header->script_size;
    request->script = end;
    request->script_fd = -1;
    request->script_name = take_string(&cursor, end);
    if (!request->script_name)
        return false;
    request->cwd = take_string(&cursor, end);
    if (!request->cwd)
        return false;
    return take_list(&cursor, end, header->candidate_count, &pointers, &request->candidates) &&
           take_list(&cursor, end, header->argument_count, &pointers, &request->arguments) &&
           take_list(&cursor, end, header->environment_count, &pointers, &request->environment) && cursor == end;
}
