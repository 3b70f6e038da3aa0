/* SPDX-License-Identifier: MIT */
/*
 * preflight.h: checks for errors that would affect every URL, made before the first request.
 */
#ifndef EDDY_TOOLS_PREFLIGHT_H
#define EDDY_TOOLS_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

struct complaint;

/*
 * Raises the soft limit on descriptors to the hard limit. Returns how many requests fit into it, up
 * to `wanted`; if fewer fit, `out_limit` is the limit. 0: too few descriptors even for one.
 */
size_t preflight_descriptors(size_t wanted, size_t *out_limit);

/*
 * Checks that the certificate file can be read and has at least one certificate: `path`, or if that
 * is NULL, the file in the variable SSL_CERT_FILE, if set. Returns 0, or an error with a message.
 */
int preflight_cacert(const char *path, struct complaint *complaint);

/*
 * Checks that the proxy variables of the environment name proxies: SCHEME://HOST:PORT, where the
 * scheme may be missing. Returns 0, or -EINVAL with a message that names the variable.
 */
int preflight_proxies(struct complaint *complaint);

#endif
