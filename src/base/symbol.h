/* SPDX-License-Identifier: MIT */
/*
 * symbol.h: the name of the function at an address of the program, for readable stack traces.
 */
#ifndef EDDY_BASE_SYMBOL_H
#define EDDY_BASE_SYMBOL_H

#include <stddef.h>

enum { SYMBOL_NAME_MAX = 64 }; // bytes, with the terminating zero; longer names are cut

struct symbol {
    char function[SYMBOL_NAME_MAX]; // "" if unknown
    size_t offset;                  // of the address in the function
    char object[SYMBOL_NAME_MAX];   // the program or library, without its folder; "" if in none
    size_t object_offset;           // of the address in the object, as addr2line(1) takes it
};

/* Fills `*out` for the call before a return address. Not for signal handlers. */
void eddy__symbol_find(const void *return_address, struct symbol *out);

/* "fetch+0x1c (app+0x12ab)", as snprintf(3). */
size_t eddy__symbol_format(const struct symbol *symbol, char *buf, size_t size);

#endif
