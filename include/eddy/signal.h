/* SPDX-License-Identifier: MIT */
/*
 * signal.h: signals as callbacks of the loop.
 *
 * Nothing is installed that isn't asked for here, but for SIGINT, which eddy_run() takes on the
 * main thread where its disposition is the default: the first Ctrl-C cancels the main task, the
 * second ends the program, also when the loop is busy. No signal is ever blocked process-wide.
 */
#ifndef EDDY_SIGNAL_H
#define EDDY_SIGNAL_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/*
 * Has the loop call callback(data) each time `signal_number` arrives, in place of what would happen
 * otherwise, until it is removed or the loop ends; then the old disposition is back. Signals that
 * arrive faster than the loop turns may be called for once.
 *
 * Only on the main thread's loop. 0, EDDY_EVALUE for a signal that can't be caught, EDDY_EMISUSE,
 * -ENOMEM. Setting it again replaces it.
 */
EDDY_API EDDY_CHECKED int eddy_add_signal_handler(int signal_number, eddy_callback *callback,
                                                  void *data);

/* 1 if there was one, else 0. */
EDDY_API int eddy_remove_signal_handler(int signal_number);

EDDY_END_DECLS

#endif
