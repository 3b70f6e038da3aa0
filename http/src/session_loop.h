/* SPDX-License-Identifier: MIT */
/*
 * session_loop.h: the list of a loop's sessions, which are told when the loop ends.
 */
#ifndef EDDY_HTTP_SESSION_LOOP_H
#define EDDY_HTTP_SESSION_LOOP_H

#include "session.h"

/* Adds a new session to the list of the running loop. 0 or -ENOMEM. */
int eddy__http_loop_enter(eddy_http_session *session);

/* Removes a session that is being freed from the list. */
void eddy__http_loop_leave(eddy_http_session *session);

/* Whether the running loop is the session's, not another loop at the same address. */
bool eddy__http_loop_is_of(const eddy_http_session *session);

#endif
