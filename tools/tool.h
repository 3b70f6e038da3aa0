/* SPDX-License-Identifier: MIT */
/*
 * tool.h: the commands of `eddy`, called by main.c.
 *
 * argv[0] is the command's name ("fetch"). Each returns the exit status of the program.
 */
#ifndef EDDY_TOOLS_TOOL_H
#define EDDY_TOOLS_TOOL_H

int fetch_main(int argc, char **argv);
int serve_main(int argc, char **argv);

#endif
