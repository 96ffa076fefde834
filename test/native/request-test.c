/* request.c: what fits is read, and nothing else is believed. */
#include "sample.h"

static void reads_what_was_written(void)
{
    struct sample sample = make_sample();
    size_t pointers = request_pointer_count(&sample.header);
    CHECK(pointers == 2 + 3 + 2 + 3);
    char **memory = exactly(pointers * sizeof *memory);
    struct request request;
    CHECK(request_parse(&sample.header, sample.body, sample.length, memory, &request));
    CHECK(request.limits[0].resource == 7 && request.limits[0].soft == 20000 && request.limits[0].hard == UINT64_MAX);
    CHECK(request.attributes[0].kind == ATTRIBUTE_NICE && request.attributes[0].value == UINT64_MAX);
    CHECK(request.affinity[0] == UINT64_MAX && request.affinity[1] == 1);
    CHECK(request.groups[0] == 10 && request.groups[2] == 30);
    CHECK(request.namespaces[0].type == 0x20000 && request.namespaces[1].inode == 4026531841u);
    CHECK(strcmp(request.script_name, "name.sh") == 0 && strcmp(request.cwd, "/work") == 0);
    CHECK(strcmp(request.candidates[1], "/usr/bin/sh") == 0 && !request.candidates[2]);
    CHECK(strcmp(request.arguments[1], "-c") == 0 && request.arguments[2][0] == '\0' && !request.arguments[3]);
    CHECK(strcmp(request.environment[1], "B=2") == 0 && !request.environment[2]);
    CHECK(memcmp(request.script, SAMPLE_SCRIPT, sizeof SAMPLE_SCRIPT) == 0);
    CHECK(request.script + sizeof SAMPLE_SCRIPT == sample.body + sample.length && request.script_fd == -1);
    free(memory);
    free(sample.body);
}

static void refuses_every_truncation(void)
{
    struct sample sample = make_sample();
    for (size_t length = 0; length < sample.length; length++)
        CHECK(!parses(&sample.header, sample.body, length));
    CHECK(parses(&sample.header, sample.body, sample.length));
    /* The length that was read is not the header's. */
    char **memory = exactly(request_pointer_count(&sample.header) * sizeof *memory);
    struct request request;
    CHECK(!request_parse(&sample.header, sample.body, sample.length - 1, memory, &request));
    free(memory);
    free(sample.body);
}

static void refuses_lying_counts(void)
{
    struct sample sample = make_sample();
    struct request_header lie;
    uint32_t *const counts[] = {&lie.limit_count,     &lie.attribute_count, &lie.affinity_count,
                                &lie.group_count,     &lie.namespace_count,
                                &lie.candidate_count, &lie.argument_count, &lie.environment_count, &lie.script_size};
    const uint32_t values[] = {1000, REQUEST_MAX_SIZE, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            lie = sample.header;
            *counts[i] = values[v];
            CHECK(!parses(&lie, sample.body, sample.length));
        }
        if (i < 5)
            continue; /* one number more or less only moves where the strings begin */
        lie = sample.header;
        ++*counts[i];
        CHECK(!parses(&lie, sample.body, sample.length));
        lie = sample.header;
        --*counts[i];
        CHECK(!parses(&lie, sample.body, sample.length));
    }
    free(sample.body);
}

static void refuses_impossible_headers(void)
{
    struct sample sample = make_sample();
    struct request_header lie;
#define REFUSES(field, value) (lie = sample.header, lie.field = (value), request_pointer_count(&lie) == 0)
    CHECK(REFUSES(magic, 0));
    CHECK(REFUSES(size, 0));
    CHECK(REFUSES(size, sizeof lie - 1));
    CHECK(REFUSES(size, REQUEST_MAX_SIZE + 1));
    CHECK(REFUSES(size, 0xffffffff));
    CHECK(REFUSES(limit_count, REQUEST_MAX_LIMITS + 1));
    CHECK(REFUSES(attribute_count, REQUEST_MAX_ATTRIBUTES + 1));
    CHECK(REFUSES(affinity_count, REQUEST_MAX_AFFINITY + 1));
    CHECK(REFUSES(cgroup_count, REQUEST_MAX_CGROUPS + 1));
    CHECK(REFUSES(group_count, REQUEST_MAX_GROUPS + 1));
    CHECK(REFUSES(namespace_count, REQUEST_MAX_NAMESPACES + 1));
    CHECK(REFUSES(candidate_count, 0));
    CHECK(REFUSES(argument_count, 0));
    CHECK(REFUSES(environment_count, lie.size + 1));
    CHECK(!REFUSES(environment_count, 0));
    free(sample.body);
}

static void refuses_a_string_without_an_end(void)
{
    struct sample sample = make_sample();
    size_t last = sample.length - sizeof SAMPLE_SCRIPT - 1;
    CHECK(sample.body[last] == '\0');
    sample.body[last] = 'x';
    CHECK(!parses(&sample.header, sample.body, sample.length));
    memset(sample.body, 'x', sample.length);
    CHECK(!parses(&sample.header, sample.body, sample.length));
    free(sample.body);
}

/* As large as each can be, and an odd number of groups, so that the namespaces are at no multiple of 8. */
static void reads_the_largest(void)
{
    struct sample sample = make_sample();
    size_t numbers = REQUEST_MAX_LIMITS * sizeof(struct request_limit) +
                     REQUEST_MAX_ATTRIBUTES * sizeof(struct request_attribute) +
                     REQUEST_MAX_AFFINITY * sizeof(uint64_t) +
                     (REQUEST_MAX_GROUPS - 1) * sizeof(uint32_t) + REQUEST_MAX_NAMESPACES * sizeof(struct request_namespace);
    size_t length = REQUEST_MAX_SIZE - sizeof sample.header;
    char *body = exactly(length);
    memset(body, 0, length);
    sample.header.limit_count = REQUEST_MAX_LIMITS;
    sample.header.attribute_count = REQUEST_MAX_ATTRIBUTES;
    sample.header.affinity_count = REQUEST_MAX_AFFINITY;
    sample.header.group_count = REQUEST_MAX_GROUPS - 1;
    sample.header.namespace_count = REQUEST_MAX_NAMESPACES;
    sample.header.candidate_count = sample.header.argument_count = 1;
    /* All of it one empty string after the other: the most pointers that a request can need. */
    sample.header.script_size = 0;
    sample.header.environment_count = (uint32_t)(length - numbers - 4);
    CHECK(parses(&sample.header, body, length));
    sample.header.environment_count++;
    CHECK(!parses(&sample.header, body, length));
    /* All of it one variable. */
    memset(body + numbers + 4, 'x', length - numbers - 5);
    sample.header.environment_count = 1;
    CHECK(parses(&sample.header, body, length));
    /* All of it the script. */
    sample.header.script_size = (uint32_t)(length - numbers - 5);
    CHECK(!parses(&sample.header, body, length));
    sample.header.environment_count = 0;
    sample.header.script_size++;
    CHECK(parses(&sample.header, body, length));
    free(body);
    free(sample.body);
}

int main(void)
{
    prepare_checks();
    reads_what_was_written();
    refuses_every_truncation();
    refuses_lying_counts();
    refuses_impossible_headers();
    refuses_a_string_without_an_end();
    reads_the_largest();
    return 0;
}
