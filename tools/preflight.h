/* SPDX-License-Identifier: MIT */
/*
 * preflight.h: what would go wrong with every URL is found before the first one.
 */
#ifndef EDDY_TOOLS_PREFLIGHT_H
#define EDDY_TOOLS_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

struct complaint;

/*
 * Raises the soft limit on descriptors to the hard one. Returns how many requests fit into it, up to
 * `wanted`; then `out_limit` is the limit, if they are fewer. 0: too few descriptors are left for one.
 */
size_t preflight_descriptors(size_t wanted, size_t *out_limit);

/*
 * Checks that the file of certificates can be read and has at least one in it: `path`, or if that is
 * NULL, what the variable SSL_CERT_FILE names, if it is set. 0, or an error with a sentence.
 */
int preflight_cacert(const char *path, struct complaint *complaint);

/*
 * Checks that the proxy variables of the environment name proxies: SCHEME://HOST:PORT, where the
 * scheme may be missing. 0, or -EINVAL with a sentence that names the variable.
 */
int preflight_proxies(struct complaint *complaint);

#endif
