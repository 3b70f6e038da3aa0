/* SPDX-License-Identifier: MIT */
/*
 * decode.c: decodes the codings of a body, from the last applied to the first.
 *
 *     bytes of the server --> [gzip] --4 KiB--> [br] --> bytes of the document
 *
 * A decoder is a chain of stages. A stage that has no input left pulls from the one before it,
 * through a small buffer of its own. Bytes after the end of the coded data are dropped, as in curl
 * and browsers: servers pad with zeros, or append a line end.
 *
 * Many values of Content-Encoding name no coding ("none", "UTF-8", "aws-chunked"): these are
 * ignored. A known coding that is not supported here ends the decoding: codings applied before it
 * are not decoded.
 *
 * Owns its stages. Called by response_body.c; never suspends.
 */
#include <eddy/alloc.h>

#include "decode.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "decode_coding.h"

enum {
    STAGES_MAX = 4,    // codings of one body; more are treated as an attack
    BETWEEN_SIZE = 4096,
};

struct stage {
    const struct http_coding *coding;
    void *state;
    eddy_span left;    // of `between`: output of the stage before that is not used yet
    char *between;     // NULL for the first stage
};

struct http_decoder {
    struct stage stages[STAGES_MAX];    // the coding applied last is the last
    size_t count;
    bool has_too_many;    // too many codings: nothing is decoded
};

/* --- Making ----------------------------------------------------------------------------------- */

static const struct http_coding *find_coding(eddy_span name)
{
    static const struct {
        const char *name;
        const struct http_coding *coding;
    } known[] = {
        {"gzip", &eddy__http_coding_gzip},       {"x-gzip", &eddy__http_coding_gzip},
        {"deflate", &eddy__http_coding_deflate}, {"br", &eddy__http_coding_brotli},
        {"zstd", &eddy__http_coding_zstd},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].name) == name.size &&
            strncasecmp(known[i].name, name.data, name.size) == 0)
            return known[i].coding;
    return NULL;
}

/* Whether the name is a known coding that is not supported here (of IANA, or in use). */
static bool is_foreign(eddy_span name)
{
    static const char *const names[] = {
        "aes128gcm", "bzip2", "compress",     "dcb", "dcz",    "exi", "lz4",
        "lzma",      "sdch",  "pack200-gzip", "xz",  "snappy", "x-bzip2", "x-compress"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == name.size && strncasecmp(names[i], name.data, name.size) == 0)
            return true;
    return false;
}

static int add_stage(struct http_decoder **inout_decoder, const struct http_coding *coding)
{
    struct http_decoder *decoder = *inout_decoder;
    if (!decoder)
        decoder = *inout_decoder = eddy_calloc(1, sizeof *decoder);
    if (!decoder)
        return -ENOMEM;
    if (decoder->count == STAGES_MAX) {
        decoder->has_too_many = true;
        return 0;
    }
    struct stage *stage = &decoder->stages[decoder->count];
    stage->coding = coding;
    stage->left = (eddy_span){"", 0};    // not NULL, because offsets are added to it
    stage->between = eddy_malloc(BETWEEN_SIZE);
    stage->state = coding->open();
    decoder->count++;
    return stage->between && stage->state ? 0 : -ENOMEM;
}

void eddy__http_decoder_free(struct http_decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t i = 0; i < decoder->count; i++) {
        struct stage *stage = &decoder->stages[i];
        if (stage->state)
            stage->coding->close(stage->state);
        eddy_free(stage->between);
    }
    eddy_free(decoder);
}

static eddy_span next_item(const char **inout_at)
{
    const char *at = *inout_at + strspn(*inout_at, " \t,");
    size_t size = strcspn(at, ",");
    *inout_at = at + size;
    while (size > 0 && (at[size - 1] == ' ' || at[size - 1] == '\t'))
        size--;
    return (eddy_span){at, size};
}

int eddy__http_decoder_add(struct http_decoder **inout_decoder, const char *codings)
{
    for (;;) {
        eddy_span name = next_item(&codings);
        if (name.size == 0)
            return 0;
        const struct http_coding *coding = find_coding(name);
        if (coding)
            EDDY_TRY(add_stage(inout_decoder, coding));
        if (is_foreign(name)) {
            eddy__http_decoder_free(*inout_decoder);
            *inout_decoder = NULL;
        }
    }
}

/* --- Pulling ---------------------------------------------------------------------------------- */

/* Stage 0 was applied first and is decoded last: it pulls from stage 1, and so on. */
static ssize_t pull(struct http_decoder *decoder, size_t index, eddy_span *inout_data, void *buf,
                    size_t size)
{
    struct stage *stage = &decoder->stages[index];
    if (index + 1 == decoder->count || index + 1 == STAGES_MAX)
        return stage->coding->pull(stage->state, inout_data, buf, size);
    for (;;) {
        ssize_t n = stage->coding->pull(stage->state, &stage->left, buf, size);
        if (n != 0)
            return n;
        n = pull(decoder, index + 1, inout_data, stage->between, BETWEEN_SIZE);
        if (n <= 0)
            return n;
        stage->left = (eddy_span){stage->between, (size_t)n};
    }
}

ssize_t eddy__http_decoder_pull(struct http_decoder *decoder, eddy_span *inout_data, void *buf,
                                size_t size)
{
    if (decoder->has_too_many)
        return EDDY_HTTP_DECODE;
    return pull(decoder, 0, inout_data, buf, size);
}

bool eddy__http_decoder_has_ended(const struct http_decoder *decoder)
{
    for (size_t i = 0; i < decoder->count; i++)
        if (!decoder->stages[i].coding->has_ended(decoder->stages[i].state))
            return false;
    return true;
}
