/* The input is a manifest, read as YAML and as JSON. Whatever it is, every reference comes back, every report is one line, and reading
 * it again gives the same objects with the same addresses; a stream of JSON has the same parts whatever pieces it comes in. */
#include "fuzz.h"
#include "json_frame.h"
#include "manifest_text.h"
#include <stdlib.h>
#include <string.h>

static void on_report(void *arg, bool fatal, const char *text)
{
	unsigned *fatal_reports = arg;
	*fatal_reports += fatal;
	assert(strncmp(text, "m:", 2) == 0 || strncmp(text, "… and", 5) == 0);
	for (; *text; text++)
		assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static enum err load(const uint8_t *data, size_t size, enum document_format format, bool lenient, struct intern *pool, struct manifest *m)
{
	/* small ranges, so that running out of them is tried, and so that a count of replicas is not all that takes time */
	const struct manifest_options options = {
	        .lenient = lenient,
	        .cluster_services = true,
	        .service_cidr = {{ADDR_V4, {10, 0, 0, 0}}, 24},
	        .pod_cidr = {{ADDR_V4, {10, 244, 0, 0}}, 24},
	        .pod_cidr6 = {{ADDR_V6, {0xfd, 1}}, 120},
	        .service_cidr6 = {{ADDR_V6, {0xfd, 2}}, 120},
	};
	unsigned fatal_reports = 0;
	enum err err = manifest_load_text((const char *)data, size, format, "m", &options, pool, on_report, &fatal_reports, m);
	assert((err != OK) == (fatal_reports != 0));
	assert(!lenient || err == OK);
	assert(err == OK || m->count == 0);
	return err;
}

static void check_pod(const struct pod *a, const struct pod *b)
{
	assert(a->ip_count == b->ip_count && a->ready == b->ready && a->phase == b->phase);
	for (unsigned i = 0; i < a->ip_count; i++)
		assert(addr_equal(&a->ips[i], &b->ips[i]));
}

static void check_service(const struct service *a, const struct service *b)
{
	assert(a->cluster_ip_count == b->cluster_ip_count);
	for (unsigned i = 0; i < a->cluster_ip_count; i++)
		assert(addr_equal(&a->cluster_ips[i], &b->cluster_ips[i]));
}

static void check_same(const struct manifest *a, const struct manifest *b)
{
	assert(a->count == b->count && a->skipped == b->skipped && a->refused == b->refused);
	for (size_t i = 0; i < a->count; i++) {
		const struct object *x = a->objects[i], *y = b->objects[i];
		assert(x->kind == y->kind && x->ns == y->ns && x->name == y->name && x->line == y->line && x->labels == y->labels);
		if (x->kind == OBJECT_POD)
			check_pod((const struct pod *)x, (const struct pod *)y);
		if (x->kind == OBJECT_SERVICE)
			check_service((const struct service *)x, (const struct service *)y);
	}
}

static void check_load(const uint8_t *data, size_t size, enum document_format format)
{
	struct intern *pool = intern_new();
	struct manifest strict, lenient, again;
	assert(pool);
	load(data, size, format, true, pool, &lenient);
	load(data, size, format, true, pool, &again);
	check_same(&lenient, &again);
	if (load(data, size, format, false, pool, &strict) == OK)
		check_same(&lenient, &strict);
	manifest_free(&strict, pool);
	manifest_free(&lenient, pool);
	manifest_free(&again, pool);
	intern_free(pool); /* asserts that nothing is held */
}

/* The next part of the stream of which `given` octets have come, `step` more at a time. */
static enum json_part next_part(struct json_frame *f, const char *text, size_t size, size_t step, size_t *given)
{
	for (;;) {
		struct diag d = {0};
		enum json_part part = json_frame_next(f, text, *given, &d);
		assert(json_frame_done(f) <= *given);
		if (part != JSON_MORE || *given == size)
			return part;
		*given = size - *given < step ? size : *given + step;
	}
}

static void check_frames(const char *text, size_t size)
{
	struct json_frame whole, pieces;
	size_t step = size ? (uint8_t)text[0] % 5 + 1 : 1, given_whole = size, given = 0;
	enum json_part part;
	json_frame_init(&whole);
	json_frame_init(&pieces);
	do {
		part = next_part(&whole, text, size, size, &given_whole);
		assert(part == next_part(&pieces, text, size, step, &given));
		assert(json_frame_line(&whole) == json_frame_line(&pieces) || part == JSON_BAD);
		if (part == JSON_VALUE || part == JSON_ITEM) {
			assert(whole.start == pieces.start && whole.end == pieces.end && whole.line == pieces.line);
			assert(whole.start < whole.end && whole.end <= size && text[whole.start] == '{' && text[whole.end - 1] == '}');
		}
	} while (part != JSON_MORE && part != JSON_BAD);
	assert(json_frame_at_rest(&whole) == json_frame_at_rest(&pieces));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_load(data, size, DOCUMENT_YAML);
	check_load(data, size, DOCUMENT_JSON);
	check_frames((const char *)data, size);
	return 0;
}
