/* SPDX-License-Identifier: MIT */
/* certificates.c: see certificates.h. */
#include "certificates.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { DAY = 24 * 3600 };

static char folder[] = "/tmp/eddy-tls-test-XXXXXX";
static EVP_PKEY *authority_key;
static X509 *authority;

static void must(int holds)
{
    if (!holds)
        abort();
}

static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlink(file_path(entry->d_name));
    if (dir)
        closedir(dir);
    rmdir(folder);
    EVP_PKEY_free(authority_key);
    X509_free(authority);
}

const char *file_path(const char *name)
{
    static char paths[32][128];
    size_t i = 0;
    if (strstr(folder, "XXXXXX")) {
        must(mkdtemp(folder) != NULL);
        atexit(remove_folder);
    }
    while (paths[i][0] != '\0' && strcmp(paths[i] + strlen(folder) + 1, name) != 0)
        i++;
    must(i < sizeof paths / sizeof paths[0] - 1);
    snprintf(paths[i], sizeof paths[i], "%s/%.80s", folder, name);
    return paths[i];
}

const char *file_with(const char *name, const char *text)
{
    const char *path = file_path(name);
    FILE *file = fopen(path, "w");
    must(file && fputs(text, file) >= 0);
    must(fclose(file) == 0);
    return path;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static X509 *certificate_of(EVP_PKEY *key, const char *name, const char *hosts, int days)
{
    static long serial;
    X509 *certificate = X509_new();
    must(certificate != NULL);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), (long)(days - 1) * DAY);
    X509_set_pubkey(certificate, key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, authority ? X509_get_subject_name(authority) : subject);
    if (hosts)
        add_extension(certificate, NID_subject_alt_name, hosts);
    else
        add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(certificate, authority_key, EVP_sha256()) > 0);
    return certificate;
}

const char *authority_file(void)
{
    if (!authority) {
        authority_key = EVP_EC_gen("P-256");
        must(authority_key != NULL);
        authority = certificate_of(authority_key, "authority", NULL, 30);
        FILE *file = fopen(file_path("authority.pem"), "w");
        must(file && PEM_write_X509(file, authority));
        must(fclose(file) == 0);
    }
    return file_path("authority.pem");
}

const char *certificate_for(const char *name, const char *hosts, int days)
{
    authority_file();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key != NULL);
    X509 *certificate = certificate_of(key, name, hosts, days);
    const char *path = file_path(name);
    FILE *file = fopen(path, "w");
    must(file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    must(PEM_write_X509(file, certificate));
    must(fclose(file) == 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return path;
}

const char *locked_key_of(const char *from, const char *password)
{
    FILE *file = fopen(from, "r");
    must(file != NULL);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    const char *path = file_path("locked.pem");
    file = fopen(path, "w");
    must(key && file);
    must(PEM_write_PKCS8PrivateKey(file, key, EVP_aes_128_cbc(), password, (int)strlen(password),
                                   NULL, NULL));
    must(fclose(file) == 0);
    EVP_PKEY_free(key);
    return path;
}
