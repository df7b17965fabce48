/* Rego in this process: the Rust crate regorus behind a C interface. Documents in docs/policies-rego.md.
 *
 * Texts are UTF-8 without a terminating zero. Nothing unwinds or prints across this boundary: a panic is
 * NL_REGO_PANIC. A compiled policy is immutable; any number of threads may evaluate it at once. Buffers that come back
 * are freed with nl_rego_buffer_free, also empty ones. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nl_rego_policy nl_rego_policy;

typedef struct {
  const char* data;
  size_t size;
} nl_rego_text;

typedef struct {
  char* data;
  size_t size;
  size_t capacity;
} nl_rego_buffer;

typedef struct {
  nl_rego_text path; /* What messages call it. */
  nl_rego_text source;
} nl_rego_module;

typedef enum {
  NL_REGO_OK = 0,        /* The buffer holds JSON. */
  NL_REGO_UNDEFINED = 1, /* The document has no value; the buffer is empty. */
  NL_REGO_ERROR = 2,     /* From here on the buffer holds a message. */
  NL_REGO_TIMEOUT = 3,
  NL_REGO_OUT_OF_MEMORY = 4,
  NL_REGO_PANIC = 5
} nl_rego_status;

/* Bytes that all policies of this process and what they compute may take together; 0: no limit. Checked while a policy
 * is compiled and evaluated. */
void nl_rego_limit_memory(uint64_t bytes);

/* Parses and checks modules (Rego v1) over `data_json`, a JSON object. Refuses what would only fail later: syntax,
 * unsafe variables, functions that are not there or not allowed, recursion, rules of one name that cannot be one
 * document, expressions nested deeper than 64. On success `*policy` is to be freed with nl_rego_policy_free and
 * `*message` is empty. Takes as long as there is text; the stack is its own. */
nl_rego_status nl_rego_compile(const nl_rego_module* modules, size_t count, nl_rego_text data_json,
                               nl_rego_policy** policy, nl_rego_buffer* message);

/* {"rules": [{"package": ["neurolake", "authz"], "name": "allow", "kind": "complete"|"set"|"object"|"function",
 *   "default": bool, "file", "line"}, …]}, in the order of the modules; one entry for all rules of a name. */
nl_rego_status nl_rego_describe(const nl_rego_policy* policy, nl_rego_buffer* out);

/* The value of the document or rule `path` ("data.neurolake.authz") for `input_json`. Errors of built-in functions are
 * errors, not undefined values. What policies print is dropped. */
nl_rego_status nl_rego_evaluate(const nl_rego_policy* policy, nl_rego_text path, nl_rego_text input_json,
                                uint64_t time_limit_us, nl_rego_buffer* out);

void nl_rego_policy_free(nl_rego_policy* policy);
void nl_rego_buffer_free(nl_rego_buffer* buffer);

#ifdef __cplusplus
}
#endif
