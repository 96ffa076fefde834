/* libFuzzer's harness for request.c. Aborts where what was parsed is not what request.h promises; with
 * FUZZ_MUST_PARSE in the environment, also where an input is refused. */
#include <string.h>

#include "../../native/step/request.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define PROMISE(condition) ((condition) ? (void)0 : abort())

static void refused(void)
{
    PROMISE(!getenv("FUZZ_MUST_PARSE"));
}

static void check_string(const char *string, const char *body, const char *end)
{
    PROMISE(string >= body && string < end && memchr(string, '\0', (size_t)(end - string)));
}

/* Answers where the strings go on. */
static const char *check_list(char **list, uint32_t count, const char *next, const char *end)
{
    for (uint32_t i = 0; i < count; i++) {
        PROMISE(list[i] == next);
        check_string(list[i], next, end);
        next = list[i] + strlen(list[i]) + 1;
    }
    PROMISE(list[count] == NULL);
    return next;
}

static void check(const struct request *request, const struct request_header *given, char *body, size_t length)
{
    const struct request_header *header = &request->header;
    PROMISE(memcmp(header, given, sizeof *header) == 0);
    const char *end = body + length - header->script_size;
    PROMISE((const char *)request->limits == body);
    PROMISE((const char *)request->attributes == (const char *)(request->limits + header->limit_count));
    PROMISE((const char *)request->affinity == (const char *)(request->attributes + header->attribute_count));
    PROMISE((const char *)request->groups == (const char *)(request->affinity + header->affinity_count));
    PROMISE((const char *)request->namespaces == (const char *)(request->groups + header->group_count));
    const char *strings = (const char *)(request->namespaces + header->namespace_count);
    PROMISE(request->script == end && strings <= end && request->script_name == strings);
    check_string(request->script_name, strings, end);
    check_string(request->cwd, strings, end);
    PROMISE(request->cwd == request->script_name + strlen(request->script_name) + 1);
    const char *next = request->cwd + strlen(request->cwd) + 1;
    next = check_list(request->candidates, header->candidate_count, next, end);
    next = check_list(request->arguments, header->argument_count, next, end);
    next = check_list(request->environment, header->environment_count, next, end);
    PROMISE(next == end && request->candidates[0] && request->arguments[0]);
    /* All of it can be read. */
    uint32_t sum = 0;
    for (uint32_t i = 0; i < header->limit_count; i++)
        sum += (uint32_t)(request->limits[i].resource + request->limits[i].soft + request->limits[i].hard);
    for (uint32_t i = 0; i < header->attribute_count; i++)
        sum += (uint32_t)(request->attributes[i].kind + request->attributes[i].value);
    for (uint32_t i = 0; i < header->affinity_count; i++)
        sum += (uint32_t)request->affinity[i];
    for (uint32_t i = 0; i < header->group_count; i++)
        sum += request->groups[i];
    for (uint32_t i = 0; i < header->namespace_count; i++)
        sum += request->namespaces[i].type + request->namespaces[i].inode;
    for (uint32_t i = 0; i < header->script_size; i++)
        sum += (unsigned char)request->script[i];
    *(volatile uint32_t *)&sum;
}

/* As receive.c does it, but with the body and the pointers in blocks of just their size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_header header;
    struct request request;
    if (size < sizeof header) {
        refused();
        return 0;
    }
    memcpy(&header, data, sizeof header);
    size_t pointers = request_pointer_count(&header);
    PROMISE(pointers <= 3 * ((size_t)header.size + 1));
    if (pointers == 0 || header.size > size) {
        refused();
        return 0;
    }
    size_t length = header.size - sizeof header;
    char *body = exactly(length);
    char **memory = exactly(pointers * sizeof *memory);
    memcpy(body, data + sizeof header, length);
    if (request_parse(&header, body, length, memory, &request))
        check(&request, &header, body, length);
    else
        refused();
    free(memory);
    free(body);
    return 0;
}

/* Mostly with the magic and the size right: what is behind them is what there is to find out. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    struct request_header header;
    if (size < sizeof header || seed % 16 == 0)
        return size;
    memcpy(&header, data, sizeof header);
    header.magic = REQUEST_MAGIC;
    header.size = (uint32_t)size;
    memcpy(data, &header, sizeof header);
    return size;
}
