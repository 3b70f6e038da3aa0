/* SPDX-License-Identifier: MIT */
/*
 * sync.h: the door of sync/: what tasks use to wait for each other. All of it is made of waits in
 * rows (core.h); nothing here switches stacks or knows the loop.
 */
#ifndef EDDY_SYNC_SYNC_H
#define EDDY_SYNC_SYNC_H

#include "core/core.h"

#endif
