/* SPDX-License-Identifier: MIT */
/*
 * certificates.h: an authority and certificates of its own, made when they are asked for.
 *
 * They lie as PEM files in a folder that goes with the process. What is returned is static.
 */
#ifndef EDDY_TLS_TESTS_CERTIFICATES_H
#define EDDY_TLS_TESTS_CERTIFICATES_H

/* The authority's own certificate. */
const char *authority_file(void);

/* The path of a file in the folder, which may not be there; and writes one. */
const char *file_path(const char *name);
const char *file_with(const char *name, const char *text);

/*
 * A key and a certificate that the authority has signed for `hosts`, "DNS:localhost,IP:127.0.0.1",
 * good from yesterday for `days` days. Both are in the file.
 */
const char *certificate_for(const char *name, const char *hosts, int days);

/* The key of such a file alone, behind a password. */
const char *locked_key_of(const char *file, const char *password);

#endif
