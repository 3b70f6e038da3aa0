/* SPDX-License-Identifier: MIT */
/*
 * signal.h: handling signals with callbacks of the loop.
 *
 * Eddy installs only the handlers requested here, and one for SIGINT: eddy_run() handles it on the
 * main thread if its disposition is the default. The first Ctrl-C cancels the main task, the
 * second ends the program, even when the loop is busy. No signal is ever blocked process-wide.
 */
#ifndef EDDY_SIGNAL_H
#define EDDY_SIGNAL_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/*
 * Makes the loop call callback(data) each time `signal_number` arrives, until the handler is
 * removed or the loop ends, which restores the old disposition. Signals that arrive within one
 * iteration may cause one call only. Setting a handler again replaces it.
 *
 * Only on the main thread's loop. Returns 0, EDDY_EVALUE for a signal that can't be caught,
 * EDDY_EMISUSE, -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_add_signal_handler(int signal_number, eddy_callback *callback,
                                                  void *data);

/* Removes the handler. Returns 1 if there was one, else 0. */
EDDY_API int eddy_remove_signal_handler(int signal_number);

EDDY_END_DECLS

#endif
