/* SPDX-License-Identifier: MIT */
/*
 * fake_poll.h: a poller that is scripted by the test, to give streams any sequence of events.
 *
 *     fake_poll_begin();                          // the running loop's poller from here on
 *     int fd;
 *     eddy_stream *stream = fake_stream(NULL, &fd);
 *     fake_bytes(fd, "hel");                      // what the next receive finds
 *     fake_fail(fd, FAKE_IN, -ECONNRESET);        // and the one after that
 *     fake_event(fd, FAKE_IN);                    // what the next wait reports
 *     ...
 *     eddy_stream_free(stream);
 *     fake_poll_end();
 *
 * A receive that finds nothing returns -EAGAIN. A send takes everything, or as much as fake_room()
 * allows. fake_sent() returns the sent bytes. Waiting operations continue after fake_event(), as
 * with epoll, or after fake_complete(), which supplies the result itself, as io_uring does.
 */
#ifndef EDDY_TESTS_FAKE_POLL_H
#define EDDY_TESTS_FAKE_POLL_H

#include "poll/poll.h"

#include <eddy/stream.h>

enum fake_direction { FAKE_IN, FAKE_OUT };

void fake_poll_begin(void);
void fake_poll_end(void);

/* Makes a stream on a real descriptor that nothing else uses. Returns NULL if that fails. */
eddy_stream *fake_stream(const eddy_stream_options *options, int *out_fd);

void fake_bytes(int fd, const char *text);
void fake_block(int fd, const char *byte, size_t count); // the byte, `count` times
void fake_end(int fd);                                   // the peer sends no more
void fake_fail(int fd, enum fake_direction direction, int err);
void fake_room(int fd, size_t size); // the next send takes that much, the one after it nothing

void fake_event(int fd, enum fake_direction direction);
void fake_complete(int fd, enum fake_direction direction, ssize_t result, const char *bytes);

/* From now on a cancelled operation becomes idle only after the next wait, with `result`. */
void fake_cancel_late(int fd, ssize_t result, const char *bytes);

const char *fake_sent(int fd);   // as text; what was sent since the last call
size_t fake_sent_size(int fd);   // bytes, since the beginning
unsigned fake_try_count(int fd); // tries that were system calls
bool fake_is_pending(int fd, enum fake_direction direction);
size_t fake_lent_count(void); // memory lent and not given back

void fake_poll_fail(int err);      // the poller fails with `err` from the next wait on
unsigned fake_poll_failures(void); // number of waits that have failed so

#endif
