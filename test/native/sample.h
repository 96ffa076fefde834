/* A request for the tests, made from the fields by name, so that the layout is request.h's alone. */
#ifndef K8S_EXECUTOR_TEST_SAMPLE_H
#define K8S_EXECUTOR_TEST_SAMPLE_H

#include <string.h>

#include "../../native/step/request.h"
#include "check.h"

struct sample {
    struct request_header header;
    char *body;
    size_t length;
};

static const char SAMPLE_STRINGS[] = "name.sh\0/work\0/bin/sh\0/usr/bin/sh\0sh\0-c\0\0A=1\0B=2";
static const char SAMPLE_SCRIPT[] = {'e', 'x', 'i', 't', '\n'};

/* A limit, an attribute and an affinity, three groups and two namespaces, two candidates, three arguments, two variables and a script without a NUL. */
static inline struct sample make_sample(void)
{
    const struct request_limit limit = {.resource = 7, .soft = 20000, .hard = UINT64_MAX};
    const struct request_attribute attribute = {.kind = ATTRIBUTE_NICE, .value = UINT64_MAX};
    const uint64_t affinity[] = {UINT64_MAX, 1};
    const uint32_t numbers[] = {10, 20, 30, 0x20000, 4026531840u, 0x40000000, 4026531841u};
    struct sample sample = {
        .header = {.magic = REQUEST_MAGIC,
                   .limit_count = 1,
                   .attribute_count = 1,
                   .affinity_count = 2,
                   .group_count = 3,
                   .namespace_count = 2,
                   .candidate_count = 2,
                   .argument_count = 3,
                   .environment_count = 2,
                   .script_size = sizeof SAMPLE_SCRIPT},
        .length = sizeof limit + sizeof attribute + sizeof affinity + sizeof numbers + sizeof SAMPLE_STRINGS + sizeof SAMPLE_SCRIPT,
    };
    sample.header.size = (uint32_t)(sizeof sample.header + sample.length);
    sample.body = exactly(sample.length);
    char *at = sample.body;
    memcpy(at, &limit, sizeof limit);
    memcpy(at += sizeof limit, &attribute, sizeof attribute);
    memcpy(at += sizeof attribute, affinity, sizeof affinity);
    memcpy(at += sizeof affinity, numbers, sizeof numbers);
    memcpy(at += sizeof numbers, SAMPLE_STRINGS, sizeof SAMPLE_STRINGS);
    memcpy(at + sizeof SAMPLE_STRINGS, SAMPLE_SCRIPT, sizeof SAMPLE_SCRIPT);
    return sample;
}

/* Parses a copy of the first bytes, in memory of just their number; false also for a header that cannot be right. */
static inline bool parses(const struct request_header *given, const char *body, size_t length)
{
    struct request_header header = *given;
    header.size = (uint32_t)(sizeof header + length);
    size_t pointers = request_pointer_count(&header);
    if (pointers == 0)
        return false;
    char *copy = exactly(length);
    char **memory = exactly(pointers * sizeof *memory);
    struct request request;
    memcpy(copy, body, length);
    bool result = request_parse(&header, copy, length, memory, &request);
    free(memory);
    free(copy);
    return result;
}

#endif
