/* SPDX-License-Identifier: MIT */
/*
 * eddy.h: asyncio for C. Gathers the headers of the core library, libeddy.
 */
#ifndef EDDY_H
#define EDDY_H

#include <eddy/alloc.h>
#include <eddy/api.h>
#include <eddy/as_completed.h>
#include <eddy/barrier.h>
#include <eddy/call_graph.h>
#include <eddy/cancel_scope.h>
#include <eddy/condition.h>
#include <eddy/context_var.h>
#include <eddy/coro.h>
#include <eddy/error.h>
#include <eddy/event.h>
#include <eddy/fd.h>
#include <eddy/future.h>
#include <eddy/gather.h>
#include <eddy/generator.h>
#include <eddy/group.h>
#include <eddy/iterator.h>
#include <eddy/lock.h>
#include <eddy/loop.h>
#include <eddy/queue.h>
#include <eddy/runner.h>
#include <eddy/semaphore.h>
#include <eddy/shield.h>
#include <eddy/signal.h>
#include <eddy/stack.h>
#include <eddy/stream.h>
#include <eddy/stream_layer.h>
#include <eddy/task.h>
#include <eddy/thread.h>
#include <eddy/thread_future.h>
#include <eddy/timeout.h>
#include <eddy/wait.h>
#include <eddy/wakeup.h>

#endif
