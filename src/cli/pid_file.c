#include "pid_file.h"
#include "base/file.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MODE       0644
#define NUMBER_MAX 32

static size_t own_number(char text[NUMBER_MAX])
{
	return (size_t)snprintf(text, NUMBER_MAX, "%ld\n", (long)getpid());
}

enum err pid_file_write(const char *path, struct diag *d)
{
	char number[NUMBER_MAX];
	struct diag why;
	if (!path)
		return OK;
	enum err err = file_replace(path, number, own_number(number), MODE, &why);
	return err ? diag_set(d, err, "--pidfile %s", why.text) : OK;
}

void pid_file_end(const char *path)
{
	char number[NUMBER_MAX];
	struct buffer text = {0};
	if (!path)
		return;
	size_t len = own_number(number);
	if (!file_read(&text, path, FILE_REGULAR, NUMBER_MAX, NULL) && text.len == len && memcmp(text.data, number, len) == 0)
		unlink(path);
	buffer_free(&text);
}
