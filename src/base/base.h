/* SPDX-License-Identifier: MIT */
/*
 * base.h: basic helpers that every module may use: lists, memory, checks, time.
 *
 * Knows nothing of tasks or loops. Everything here is small enough to be inlined, or is declared
 * here and defined in the file of its name.
 */
#ifndef EDDY_BASE_BASE_H
#define EDDY_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define EDDY__LIKELY(condition) __builtin_expect(!!(condition), 1)
#define EDDY__UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* ---- checks ----------------------------------------------------------------------------------*/

/* Checks for a bug in Eddy, also in release builds: reports the place, and stops the program. */
#define EDDY_ASSERT(condition) \
    (EDDY__LIKELY(condition) ? (void)0 : eddy__assert_failed(#condition, __FILE__, __LINE__))

_Noreturn void eddy__assert_failed(const char *condition, const char *file, int line);

/* Stops the program for misuse in a function that can't return an error (a double free). */
_Noreturn void eddy__stop_for_misuse(const char *sentence);

/* ---- lists -----------------------------------------------------------------------------------*/

/* A member of a list or a pile. A link that is in neither is zero. */
struct link {
    struct link *next;
    struct link **at; // what points to it: the `next` of the previous link, or a head
};

/* A circular list whose head is no member. */
struct list {
    struct link head;
};

/* The same without a tail: last in, first out. Its head is half as large. */
struct pile {
    struct link *top;
};

static inline bool link_is_linked(const struct link *link)
{
    return link->at != NULL;
}

/* Removes `link` from its list or pile. */
static inline void link_remove(struct link *link)
{
    *link->at = link->next;
    if (link->next != NULL)
        link->next->at = link->at;
    link->next = NULL;
    link->at = NULL;
}

static inline void list_init(struct list *list)
{
    list->head.next = &list->head;
    list->head.at = &list->head.next;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static inline struct link *list_first(const struct list *list)
{
    return list_is_empty(list) ? NULL : list->head.next;
}

/* The last member of a list that isn't empty. */
static inline struct link *list_last(const struct list *list)
{
    return container_of(list->head.at, struct link, next);
}

static inline struct link *list_next(const struct list *list, const struct link *link)
{
    return link->next == &list->head ? NULL : link->next;
}

/* Inserts `link` before `place`; if that is the head, `link` becomes the last. */
static inline void link_insert_before(struct link *link, struct link *place)
{
    link->next = place;
    link->at = place->at;
    *place->at = link;
    place->at = &link->next;
}

static inline void list_push(struct list *list, struct link *link)
{
    link_insert_before(link, &list->head);
}

static inline void list_push_first(struct list *list, struct link *link)
{
    link_insert_before(link, list->head.next);
}

/* As link_remove(), for a member of a list, which always has a next link. */
static inline void list_remove(struct link *link)
{
    *link->at = link->next;
    link->next->at = link->at;
    link->at = NULL;
}

static inline struct link *list_pop(struct list *list)
{
    struct link *first = list_first(list);
    if (first != NULL)
        list_remove(first);
    return first;
}

static inline void pile_push(struct pile *pile, struct link *link)
{
    link->next = pile->top;
    link->at = &pile->top;
    if (link->next != NULL)
        link->next->at = &link->next;
    pile->top = link;
}

/* ---- memory ----------------------------------------------------------------------------------*/

/* The malloc, realloc and free of the process's eddy_allocator. Any thread. */
void *eddy__malloc(size_t size);
void *eddy__zalloc(size_t size);
void *eddy__realloc(void *memory, size_t size);
void eddy__free(void *memory);
char *eddy__strdup(const char *text);

/* Whether the process has set its own. */
bool eddy__allocator_is_set(void);

/* As memcpy(), for mostly a pointer or two: a call would take longer than the copying. */
static inline void eddy__copy(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint32_t))
        memcpy(to, from, sizeof(uint32_t));
    else if (size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else if (size == 2 * sizeof(uint64_t))
        memcpy(to, from, 2 * sizeof(uint64_t));
    else if (size > 0)
        memcpy(to, from, size);
}

/* ---- time ------------------------------------------------------------------------------------*/

#define NS_PER_S INT64_C(1000000000)
#define NS_NEVER INT64_MAX // later than anything

/* CLOCK_MONOTONIC. */
int64_t eddy__clock_now_ns(void);

/* To the nearest nanosecond, saturating; infinity is NS_NEVER. Not for NaN. */
int64_t eddy__ns_of_seconds(double seconds);

static inline double eddy__seconds_of_ns(int64_t ns)
{
    return ns == NS_NEVER ? __builtin_inf() : (double)ns / (double)NS_PER_S;
}

/* a + b, saturating at NS_NEVER. */
static inline int64_t eddy__ns_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? NS_NEVER : INT64_MIN;
    return a == NS_NEVER ? NS_NEVER : sum;
}

#endif
