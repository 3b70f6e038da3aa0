/* SPDX-License-Identifier: MIT */
/*
 * sync.h: the interface of sync/: how tasks wait for each other. All of it is built on waits in
 * wait queues (core.h); nothing here switches stacks or knows the loop.
 */
#ifndef EDDY_SYNC_SYNC_H
#define EDDY_SYNC_SYNC_H

#include "core/core.h"

#endif
