#include "manifest_log.h"
#include "base/rcu.h"
#include "describe.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

const struct manifest_options log_options = {
        .service_cidr = {{ADDR_V4, {10, 0, 0, 0}}, 24},
        .pod_cidr = {{ADDR_V4, {10, 244, 0, 0}}, 16},
        .pod_cidr6 = {{ADDR_V6, {0xfd, 0, 0x10, 0x24}}, 64},
        .service_cidr6 = {{ADDR_V6, {0xfd, 0, 0x10, 0x96}}, 112},
};

static char log_out[65536];
static size_t log_len;

static void put_line(const char *prefix, const char *text)
{
	log_len += (size_t)snprintf(log_out + log_len, sizeof log_out - log_len, "%s%s\n", prefix, text);
	assert_true(log_len < sizeof log_out);
}

static void on_report(void *arg, bool fatal, const char *text)
{
	(void)arg;
	put_line(fatal ? "error: " : "warning: ", text);
}

static struct manifest_options options_for(bool lenient)
{
	struct manifest_options options = log_options;
	options.lenient = lenient;
	log_len = 0;
	log_out[0] = '\0';
	return options;
}

static const char *finish(struct manifest *m, struct intern *pool)
{
	for (size_t i = 0; i < m->count; i++)
		put_line("", describe_object(m->objects[i]));
	manifest_free(m, pool);
	intern_free(pool); /* asserts that every reference came back */
	rcu_free_all();
	return log_out;
}

const char *log_text(const char *text, enum document_format format, bool lenient)
{
	struct manifest_options options = options_for(lenient);
	struct intern *pool = intern_new();
	struct manifest m;
	manifest_load_text(text, strlen(text), format, "a", &options, pool, on_report, NULL, &m);
	return finish(&m, pool);
}

const char *log_folder(const char *path)
{
	struct manifest_options options = options_for(false);
	struct intern *pool = intern_new();
	struct manifest m;
	options.recursive = true;
	manifest_load(&path, 1, &options, pool, on_report, NULL, &m);
	return finish(&m, pool);
}

const char *log_files(const char *const *paths, size_t n, bool lenient)
{
	struct manifest_options options = options_for(lenient);
	struct intern *pool = intern_new();
	struct manifest m;
	manifest_load(paths, n, &options, pool, on_report, NULL, &m);
	return finish(&m, pool);
}
