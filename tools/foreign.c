/* SPDX-License-Identifier: MIT */
/*
 * foreign.c: the table of curl's and wget's options, and the check for curl's ranges in URLs.
 *
 * Options that mean something else here (curl's -f, wget's -t) can't be told from ours, so they are
 * not in the table.
 *
 * Owns nothing. Called by the fetch command.
 */
#include "foreign.h"

#include <string.h>

#include "complaint.h"

static const char into[] = "write --into FILE: x.db, x.ndjson or x.csv";
static const char redirects[] = "redirects are always followed; leave it out";
static const char get_only[] = "only GET requests are sent";
static const char agent[] = "write --header 'User-Agent: NAME'";
static const char cookie[] =
    "write --header 'Cookie: NAME=VALUE', or --cookies to keep what servers set";
static const char login[] =
    "write --header 'Authorization: ...', or USER:PASSWORD@ before the host of the URL";
static const char proxy[] = "set the variables http_proxy, https_proxy and no_proxy";
static const char parallel[] = "write --concurrency N";
static const char timeout[] = "write --timeout TIME";
static const char retries[] = "write --retries N";
static const char pauses[] =
    "the pauses between retries are chosen by eddy; --max-wait TIME bounds "
    "those that a server asks for";
static const char quiet[] = "write --quiet";
static const char list[] = "write --urls FILE";
static const char failures[] = "write --fail-on LIST, such as 4xx,5xx";
static const char insecure[] = "write --insecure";
static const char compressed[] =
    "compressed bodies are always asked for and unpacked; leave it out";
static const char rate[] = "bytes aren't limited; --rate 10/s limits the requests";
static const char wait[] = "write --rate, such as 2/s or 30/m";
static const char resume[] = "write --resume";
static const char headers[] = "only status, Content-Type and body are landed";
static const char links[] =
    "links in documents aren't followed; name the URLs, or list them in a file "
    "with --urls";
static const char client[] = "client certificates can't be sent";
static const char version[] = "the version of HTTP is agreed on with the server; leave it out";
static const char size[] = "write --max-size SIZE";
static const char braces[] =
    "brackets are always taken as written; leave it out, and write \\{ and \\} "
    "for braces";

const struct option_hint foreign_options[] = {
    {"output", into},
    {"output-document", into},
    {"remote-name", into},
    {"remote-name-all", into},
    {"output-dir", into},
    {"directory-prefix", into},
    {"O", into},
    {"P", into},
    {"location", redirects},
    {"location-trusted", redirects},
    {"max-redirs", "at most 10 redirects are followed"},
    {"max-redirect", "at most 10 redirects are followed"},
    {"L", redirects},
    {"request", get_only},
    {"method", get_only},
    {"X", get_only},
    {"data", get_only},
    {"data-raw", get_only},
    {"data-binary", get_only},
    {"data-urlencode", get_only},
    {"json", get_only},
    {"form", get_only},
    {"post-data", get_only},
    {"post-file", get_only},
    {"body-data", get_only},
    {"upload-file", get_only},
    {"head", get_only},
    {"spider", get_only},
    {"d", get_only},
    {"F", get_only},
    {"I", get_only},
    {"T", get_only},
    {"user-agent", agent},
    {"A", agent},
    {"U", agent},
    {"referer", "write --header 'Referer: URL'"},
    {"e", "write --header 'Referer: URL'"},
    {"cookie", cookie},
    {"cookie-jar", cookie},
    {"load-cookies", cookie},
    {"save-cookies", cookie},
    {"b", cookie},
    {"user", login},
    {"http-user", login},
    {"http-password", login},
    {"oauth2-bearer", "write --header 'Authorization: Bearer TOKEN'"},
    {"netrc", login},
    {"u", login},
    {"n", login},
    {"proxy", proxy},
    {"noproxy", proxy},
    {"socks5", proxy},
    {"socks5-hostname", proxy},
    {"x", proxy},
    {"parallel", parallel},
    {"parallel-max", parallel},
    {"max-concurrent-downloads", parallel},
    {"max-connection-per-server", parallel},
    {"jobs", parallel},
    {"threads", parallel},
    {"workers", parallel},
    {"j", parallel},
    {"Z", parallel},
    {"max-time", timeout},
    {"connect-timeout", timeout},
    {"read-timeout", timeout},
    {"dns-timeout", timeout},
    {"m", timeout},
    {"retry", retries},
    {"tries", retries},
    {"max-tries", retries},
    {"retry-all-errors", "whatever may pass is always tried again; leave it out"},
    {"retry-connrefused", "whatever may pass is always tried again; leave it out"},
    {"retry-on-http-error", "408, 425, 429 and 5xx are always tried again; leave it out"},
    {"retry-delay", pauses},
    {"retry-max-time", pauses},
    {"waitretry", pauses},
    {"retry-wait", pauses},
    {"silent", quiet},
    {"no-progress-meter", quiet},
    {"s", quiet},
    {"show-error", "errors are always told; leave it out"},
    {"S", "errors are always told; leave it out"},
    {"input-file", list},
    {"url", "write the URL itself, or --urls FILE"},
    {"config", list},
    {"K", list},
    {"i", "to read URLs from a file, write --urls FILE; header fields aren't landed"},
    {"fail", failures},
    {"fail-with-body", failures},
    {"content-on-error", failures},
    {"no-check-certificate", insecure},
    {"ca-certificate", "write --cacert FILE"},
    {"ca-directory", "set the variable SSL_CERT_DIR"},
    {"capath", "set the variable SSL_CERT_DIR"},
    {"cert", client},
    {"key", client},
    {"certificate", client},
    {"private-key", client},
    {"E", client},
    {"compressed", compressed},
    {"compression", compressed},
    {"limit-rate", rate},
    {"max-download-limit", rate},
    {"wait", wait},
    {"random-wait", wait},
    {"w", wait},
    {"rate-limit", "write --rate, such as 10/s"},
    {"continue", resume},
    {"continue-at", resume},
    {"no-clobber", resume},
    {"timestamping", resume},
    {"C", resume},
    {"N", resume},
    {"include", headers},
    {"show-headers", headers},
    {"dump-header", headers},
    {"save-headers", headers},
    {"server-response", headers},
    {"write-out", "the target has a row for each URL, with status, time and error"},
    {"D", headers},
    {"recursive", links},
    {"mirror", links},
    {"level", links},
    {"page-requisites", links},
    {"p", links},
    {"l", links},
    {"http1.0", version},
    {"http1.1", version},
    {"http2", version},
    {"http3", version},
    {"tlsv1.2", version},
    {"tlsv1.3", version},
    {"max-filesize", size},
    {"quota", size},
    {"globoff", braces},
    {"g", braces},
    {NULL, NULL},
};

static size_t count_of(const char *text, bool is_number)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t n = strspn(text, is_number ? digits : letters);
    return is_number || n == 1 ? n : 0;
}

/* Returns the length of the range that begins at `text`, which is a '['; 0 if there is none. */
static size_t range_size(const char *text, bool is_number)
{
    const char *c = text + 1;
    size_t n = count_of(c, is_number);
    if (n == 0 || c[n] != '-')
        return 0;
    c += n + 1;
    n = count_of(c, is_number);
    c += n;
    if (n > 0 && *c == ':')
        c += 1 + count_of(c + 1, true);
    return n > 0 && *c == ']' ? (size_t)(c + 1 - text) : 0;
}

bool foreign_range(const char *pattern, struct complaint *complaint)
{
    for (const char *c = strchr(pattern, '['); c != NULL; c = strchr(c + 1, '[')) {
        size_t n = range_size(c, true);
        const char *ours = n > 0 ? "{1..8} or {0..100..10}" : "{a,b,c}";
        if (n == 0)
            n = range_size(c, false);
        if (n == 0)
            continue;
        complain(complaint, 0, (size_t)(c - pattern) + 1,
                 "%.*s is taken as written; a range is written in braces here: %s",
                 (int)(n < 60 ? n : 60), c, ours);
        return true;
    }
    return false;
}
