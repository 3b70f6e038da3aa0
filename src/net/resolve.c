/* SPDX-License-Identifier: MIT */
/*
 * resolve.c: from a host and a service to addresses.
 *
 * getaddrinfo(3) blocks, so it runs on one of the loop's threads for look-ups, unless no look-up is
 * needed because host and service are numbers. If the task is cancelled meanwhile, the thread
 * finishes alone; its result is freed with the coroutine's.
 */
#include "net/net.h"

#include <eddy/thread.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535 };

/* The result of getaddrinfo. */
struct answer {
    struct addrinfo *list;
    int code; // EAI_...
    int err;  // errno, for EAI_SYSTEM
};

static void free_answer(struct answer *answer)
{
    if (answer->list != NULL)
        freeaddrinfo(answer->list);
}

static void free_text(char **text)
{
    eddy__free(*text);
}

static struct answer ask(const char *host, const char *service, int flags)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = flags,
    };
    struct answer answer = {.list = NULL};
    answer.code = getaddrinfo(host, service, &hints, &answer.list);
    answer.err = errno;
    if (answer.code != 0)
        answer.list = NULL;
    return answer;
}

EDDY_ASYNC_TO_OWNED(struct answer, free_answer, look_up, (char *, host, free_text),
                    (char *, service, free_text), (int, flags))
{
    *result = ask(host, service, flags);
    free_text(&host);
    free_text(&service);
    return 0;
}

static int look_up_on_thread(const char *host, const char *service, int flags,
                             struct answer *out_answer)
{
    char *host_copy = eddy__strdup(host);
    char *service_copy = eddy__strdup(service);
    if (host_copy == NULL || service_copy == NULL) {
        eddy__free(host_copy);
        eddy__free(service_copy);
        return -ENOMEM;
    }
    return eddy_to_lookup_thread(eddy_coro(look_up, host_copy, service_copy, flags), out_answer);
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int error_of(const struct answer *answer, const char *host, const char *service)
{
    switch (answer->code) {
    case EAI_MEMORY: return -ENOMEM;
    case EAI_SYSTEM: return answer->err != 0 ? -answer->err : EDDY_ERESOLVE;
    default:
        return eddy_fail(EDDY_ERESOLVE, "%s:%s: %s", host != NULL ? host : "*", service,
                         gai_strerror(answer->code));
    }
}

/*
 * getaddrinfo(3) takes port numbers modulo 65536, with signs and spaces before them. A service that
 * is neither a port nor a name is refused.
 */
static int check_service(const char *service)
{
    if (service == NULL)
        return eddy__misuse("a connection or listener needs a service: a port or its name");
    bool is_name = isalpha((unsigned char)service[0]) ||
                   (isdigit((unsigned char)service[0]) && !is_number(service));
    const char *digits = service + strspn(service, "0");
    size_t length = strlen(digits);
    bool is_port = is_number(service) && (length < 5 || (length == 5 && atoi(digits) <= PORT_MAX));
    if (is_name || is_port)
        return 0;
    return eddy_fail(EDDY_ERESOLVE, "\"%.64s\" is no port: a number up to %d, or the name of a service",
                     service, PORT_MAX);
}

int eddy__resolve(const char *host, const char *service, int flags, struct addrinfo **out_list)
{
    EDDY_TRY(check_service(service));
    struct answer answer = {.code = EAI_NONAME};
    if (is_number(service))
        answer = ask(host, service, flags | AI_NUMERICHOST | AI_NUMERICSERV);
    if (answer.code == EAI_NONAME && (host != NULL || !is_number(service))) {
        int err = 0;
        if (host != NULL)
            err = look_up_on_thread(host, service, flags, &answer);
        else
            answer = ask(host, service, flags);
        if (err < 0)
            return err;
    }
    if (answer.code != 0)
        return error_of(&answer, host, service);
    *out_list = answer.list;
    return 0;
}
