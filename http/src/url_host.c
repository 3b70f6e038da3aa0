/* SPDX-License-Identifier: MIT */
/*
 * url_host.c: the host of a URL: names, IPv4 and IPv6 addresses, international names.
 *
 *     text --> percent-escapes decoded --> IDNA, unless it is ASCII --> checked --> IPv4, or a name
 *
 * The order is that of the WHATWG URL standard: a name is checked last, so the check covers all
 * that decoding or mapping adds. libidn2 converts from UTF-8; the locale is never used.
 *
 * Stricter than the standard: a name consists of letters, digits, '-', '.', '_' and '~', as in
 * curl, and has no empty label except the one after a trailing dot.
 */
#include "url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <idn2.h>

/* --- Text ------------------------------------------------------------------------------------- */

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 0x7f)
            return false;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int refuse(const char *text, size_t size, const char *reason)
{
    int shown = size < HTTP_HOST_MAX ? (int)size : HTTP_HOST_MAX;
    return eddy_fail(EDDY_HTTP_URL, "\"%.*s\" is not a host: %s", shown, text, reason);
}

/* --- Names ------------------------------------------------------------------------------------ */

/* Converts `name` to lower case. Returns why it is not a valid name, or NULL if it is. */
static const char *check_name(char *name)
{
    static const char others[] = "-._~";
    size_t label_size = 0;
    for (char *at = name; *at; at++) {
        *at = lower(*at);
        if (*at == '.' && label_size == 0)
            return "a label is empty";
        label_size = *at == '.' ? 0 : label_size + 1;
        bool is_alphanumeric = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');
        if (!is_alphanumeric && !strchr(others, *at))
            return "it has a byte that none can have";
    }
    return name[0] ? NULL : "it is empty";
}

/* Whether the two mappings of UTS 46 differ for it: sharp s, final sigma, joiners. */
static bool has_deviation(const char *name)
{
    static const char *const letters[] = {
        "\303\237", "\341\272\236", "\317\202", "\342\200\214", "\342\200\215",
    };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (strstr(name, letters[i]))
            return true;
    return false;
}

/*
 * Converts UTF-8 to the ASCII form of an international name. 0, -ENOMEM or -EINVAL.
 *
 * Symbols, such as emoji, are used in the DNS and in browsers, but are not in IDNA 2008. Of
 * libidn2's two mappings only the transitional one accepts them, so it is tried second.
 */
static int convert(const char *name, char host[HTTP_HOST_MAX], const char **out_reason)
{
    uint8_t *ascii = NULL;
    int rc = idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_DISALLOWED && !has_deviation(name))
        rc = idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_TRANSITIONAL);
    if (rc == IDN2_MALLOC)
        return -ENOMEM;
    bool fits = rc == IDN2_OK && strlen((const char *)ascii) < HTTP_HOST_MAX;
    *out_reason = rc == IDN2_OK ? "it is too long" : idn2_strerror(rc);
    if (fits)
        strcpy(host, (const char *)ascii);
    idn2_free(ascii);
    return fits ? 0 : -EINVAL;
}

/* --- IPv4 ------------------------------------------------------------------------------------- */

/* Parses a decimal, octal (0...) or hexadecimal (0x...) number; false if it is none. */
static bool read_number(const char *text, size_t size, uint64_t *out_number)
{
    unsigned base = 10;
    if (size >= 2 && text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
        size -= 2;
    } else if (size >= 2 && text[0] == '0') {
        base = 8;
        text++;
        size--;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        int digit = eddy__http_hex_digit(text[i]);
        if (digit < 0 || (unsigned)digit >= base)
            return false;
        if (number <= UINT32_MAX)
            number = number * base + (unsigned)digit;
    }
    *out_number = number;
    return true;
}

/* Whether the last label is a number, or only digits: then the host must be an IPv4 address. */
static bool ends_in_number(const char *name, size_t size)
{
    const char *dot = memrchr(name, '.', size);
    const char *label = dot ? dot + 1 : name;
    size_t label_size = (size_t)(name + size - label);
    uint64_t number;
    return label_size > 0 &&
           (strspn(label, "0123456789") >= label_size || read_number(label, label_size, &number));
}

/* Parses "127.0.0.1", "127.1", "0x7f000001" and so on. False if it is no address. */
static bool read_ipv4(const char *name, size_t size, uint32_t *out_address)
{
    uint64_t parts[4];
    size_t count = 0;
    for (const char *at = name, *end = name + size; at <= end;) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        size_t part_size = (size_t)((dot ? dot : end) - at);
        if (count == 4 || part_size == 0 || !read_number(at, part_size, &parts[count++]))
            return false;
        at += part_size + 1;
    }
    uint32_t address = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return false;
        address |= (uint32_t)parts[i] << (24 - 8 * i);
    }
    // The last part fills the remaining bytes.
    if (parts[count - 1] >= UINT64_C(1) << (8 * (5 - count)))
        return false;
    *out_address = address | (uint32_t)parts[count - 1];
    return true;
}

/* --- IPv6 ------------------------------------------------------------------------------------- */

static bool is_of_zone(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

/* Appends "%eth0" for the "%25eth0" or "%eth0" of an address with a zone (RFC 6874). */
static bool add_zone(const char *zone, size_t size, char host[HTTP_HOST_MAX])
{
    size_t skipped = size >= 3 && memcmp(zone, "%25", 3) == 0 ? 3 : 1;
    size_t length = strlen(host);
    if (size <= skipped || length + size - skipped + 2 > HTTP_HOST_MAX)
        return false;
    for (size_t i = skipped; i < size; i++)
        if (!is_of_zone(zone[i]))
            return false;
    host[length] = '%';
    memcpy(host + length + 1, zone + skipped, size - skipped);
    host[length + 1 + size - skipped] = '\0';
    return true;
}

/* `text` begins with '['. */
static int parse_ipv6(const char *text, size_t size, char host[HTTP_HOST_MAX])
{
    char bare[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const char *zone = memchr(text, '%', size);
    const char *end = text + size - 1;
    size_t bare_size = (size_t)((zone ? zone : end) - text) - 1;
    if (size < 3 || *end != ']' || bare_size >= sizeof bare)
        return refuse(text, size, "no IPv6 address in brackets");
    memcpy(bare, text + 1, bare_size);
    bare[bare_size] = '\0';
    if (inet_pton(AF_INET6, bare, &address) != 1 ||
        !inet_ntop(AF_INET6, &address, host, HTTP_HOST_MAX) ||
        (zone && !add_zone(zone, (size_t)(end - zone), host)))
        return refuse(text, size, "no IPv6 address in brackets");
    return 0;
}

/* --- The whole host --------------------------------------------------------------------------- */

/* Converts a name to ASCII and lower case. 0, -ENOMEM, or -EINVAL with a reason. */
static int normalise_name(const char *text, size_t size, char host[HTTP_HOST_MAX],
                          const char **out_reason)
{
    enum { WRITTEN_MAX = 1024 };    // with escapes, in UTF-8: longer than any valid name
    char name[WRITTEN_MAX];
    *out_reason = "it is too long";
    if (size >= sizeof name)
        return -EINVAL;
    size_t length = eddy__http_percent_decode(text, size, name);
    name[length] = '\0';
    if (strlen(name) != length) {
        *out_reason = "it has a zero byte";
        return -EINVAL;
    }
    if (is_ascii(name)) {
        if (length >= HTTP_HOST_MAX)
            return -EINVAL;
        memcpy(host, name, length + 1);
    } else {
        int err = convert(name, host, out_reason);
        if (err < 0)
            return err;
    }
    *out_reason = check_name(host);
    return *out_reason ? -EINVAL : 0;
}

int eddy__http_host_parse(const char *text, size_t size, char host[HTTP_HOST_MAX])
{
    const char *reason;
    if (size > 0 && text[0] == '[')
        return parse_ipv6(text, size, host);
    int err = normalise_name(text, size, host, &reason);
    if (err < 0)
        return err == -ENOMEM ? err : refuse(text, size, reason);
    size_t length = strlen(host);
    if (host[length - 1] == '.' && ends_in_number(host, length - 1))
        length--;    // "127.0.0.1." is the same address
    if (!ends_in_number(host, length))
        return 0;
    uint32_t address;
    if (!read_ipv4(host, length, &address))
        return refuse(text, size, "it ends in a number, and is no IPv4 address");
    snprintf(host, HTTP_HOST_MAX, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
             address >> 8 & 255, address & 255);
    return 0;
}
