/* SPDX-License-Identifier: MIT */
/*
 * symbol.c: names for addresses, from the symbol tables of the files that are mapped.
 *
 * The dynamic linker knows exported functions only, and coroutines are static. So only its file and
 * load address are used, and the name is looked up in the file's own table, .symtab, or in .dynsym
 * if the file was stripped. If an address has several names, the first is used.
 *
 * The file is the one that the program runs from, but it is read as untrusted input: every offset
 * is checked against the file's size.
 */
#include "base/symbol.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in memory. */
struct image {
    const char *bytes;
    size_t size;
};

static bool map_file(const char *path, struct image *out)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return false;
    *out = (struct image){bytes, (size_t)status.st_size};
    return true;
}

static void unmap_file(const struct image *image)
{
    union {
        const char *lent;
        void *owned;
    } cast = {image->bytes};
    munmap(cast.owned, image->size);
}

/* `size` bytes at `offset`; NULL unless the file has them, with the alignment for their type. */
static const void *bytes_at(const struct image *image, uint64_t offset, uint64_t size)
{
    if (offset > image->size || size > image->size - offset || offset % 8 != 0)
        return NULL;
    return image->bytes + offset;
}

/* The headers of the file's sections, `*out_count` of them; NULL when it is no ELF file of ours. */
static const ElfW(Shdr) *sections_of(const struct image *image, size_t *out_count)
{
    const ElfW(Ehdr) *header = bytes_at(image, 0, sizeof *header);
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != (__ELF_NATIVE_CLASS == 64 ? ELFCLASS64 : ELFCLASS32) ||
        header->e_shentsize != sizeof(ElfW(Shdr)))
        return NULL;
    *out_count = header->e_shnum;
    return bytes_at(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr)));
}

static bool is_in_function(const ElfW(Sym) *symbol, uint64_t address)
{
    uint64_t size = symbol->st_size > 0 ? symbol->st_size : 1;
    return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF &&
           address >= symbol->st_value && address - symbol->st_value < size;
}

/* Searches one table; its names are in the section that it links to. */
static bool find_in_table(const struct image *image, const ElfW(Shdr) *sections, size_t count,
                          const ElfW(Shdr) *table, uint64_t address, struct symbol *out)
{
    if (table->sh_link >= count || table->sh_entsize != sizeof(ElfW(Sym)))
        return false;
    const ElfW(Shdr) *names = &sections[table->sh_link];
    const ElfW(Sym) *symbols = bytes_at(image, table->sh_offset, table->sh_size);
    if (symbols == NULL || names->sh_offset > image->size ||
        names->sh_size > image->size - names->sh_offset)
        return false;
    for (size_t i = 0; i < table->sh_size / sizeof *symbols; i++) {
        if (!is_in_function(&symbols[i], address) || symbols[i].st_name >= names->sh_size)
            continue;
        const char *name = image->bytes + names->sh_offset + symbols[i].st_name;
        int length = (int)strnlen(name, names->sh_size - symbols[i].st_name);
        snprintf(out->function, sizeof out->function, "%.*s", length, name);
        out->offset = address - symbols[i].st_value;
        return true;
    }
    return false;
}

static void find_in_file(const char *path, uint64_t address, struct symbol *out)
{
    struct image image;
    size_t count = 0;
    if (!map_file(path, &image))
        return;
    const ElfW(Shdr) *sections = sections_of(&image, &count);
    bool is_found = false;
    for (size_t i = 0; sections != NULL && i < count && !is_found; i++)
        if (sections[i].sh_type == SHT_SYMTAB)
            is_found = find_in_table(&image, sections, count, &sections[i], address, out);
    for (size_t i = 0; sections != NULL && i < count && !is_found; i++)
        if (sections[i].sh_type == SHT_DYNSYM)
            is_found = find_in_table(&image, sections, count, &sections[i], address, out);
    unmap_file(&image);
}

void eddy__symbol_find(const void *return_address, struct symbol *out)
{
    Dl_info info;
    struct link_map *map = NULL;
    const char *address = (const char *)return_address - 1; // in the call, not after it
    *out = (struct symbol){.function = ""};
    if (dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0)
        return;
    // The program itself has no name here, and argv[0] may be anything.
    bool is_library = map != NULL && map->l_name[0] != '\0';
    const char *path = is_library ? map->l_name : "/proc/self/exe";
    const char *shown = info.dli_fname != NULL ? info.dli_fname : "";
    const char *slash = strrchr(shown, '/');
    snprintf(out->object, sizeof out->object, "%s", slash != NULL ? slash + 1 : shown);
    uint64_t bias = map != NULL ? map->l_addr : 0;
    out->object_offset = (uintptr_t)address - bias;
    find_in_file(path, out->object_offset, out);
}

size_t eddy__symbol_format(const struct symbol *symbol, char *buf, size_t size)
{
    int n;
    if (symbol->object[0] == '\0')
        n = snprintf(buf, size, "?");
    else if (symbol->function[0] == '\0')
        n = snprintf(buf, size, "? (%s+0x%zx)", symbol->object, symbol->object_offset);
    else
        n = snprintf(buf, size, "%s+0x%zx (%s+0x%zx)", symbol->function, symbol->offset,
                     symbol->object, symbol->object_offset);
    return n < 0 ? 0 : (size_t)n;
}
