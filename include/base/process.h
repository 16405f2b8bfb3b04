/* process.h - what the process has of the kernel that outlives functions: descriptors and signals. Of the thread that has no other beside
 * it, but where it says so. */
#pragma once

/* Where stdin, stdout or stderr is closed, its number is taken by something on which reading or writing fails as on a closed one: else the next
 * socket would get the number, and log lines with it. Children find it closed, too. First of all. */
void process_hold_standard_descriptors(void);

/* A write that meets the limit of a file's size fails by EFBIG, and no signal ends the process; the second: one that finds no reader fails by
 * EPIPE, too. Inherited by what is executed, so after the fork of what must not have it. */
void process_ignore_file_limit(void);
void process_ignore_write_signals(void);

/* Closes all descriptors but stdin, stdout and stderr in what is executed from now on: those of libraries that don't ask for it, and those
 * that we were given. Of any thread. */
void process_close_on_exec(void);

/* errno of getting a descriptor now: EMFILE or ENFILE, or 0. Libraries often say only what did not work, not why. Of any thread. */
int process_descriptor_shortage(void);
