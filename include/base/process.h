/* process.h - the process's descriptors and signals. Call these while there is one thread, unless they say otherwise. */
#pragma once

/* If stdin, stdout or stderr is closed, its number gets a descriptor on which reading and writing fail, as they do on a closed one. Otherwise the
 * next socket would get the number, and then log lines. Children find it closed, too. To be called first of all. */
void process_hold_standard_descriptors(void);

/* From now on no signal ends the process when a write meets the limit of a file's size: the write fails with EFBIG. After the second, a write that
 * finds no reader fails with EPIPE in the same way. Programs that are executed inherit this, so fork those that must not have it before. */
void process_ignore_file_limit(void);
void process_ignore_write_signals(void);

/* Programs that are executed from now on get no descriptor but stdin, stdout and stderr, whether libraries opened the others or we were given them.
 * Any thread. */
void process_close_on_exec(void);

/* The errno with which opening a descriptor would fail now: EMFILE or ENFILE, or 0 if it would not. Libraries often say what did not work, but not
 * why. Any thread. */
int process_descriptor_shortage(void);
