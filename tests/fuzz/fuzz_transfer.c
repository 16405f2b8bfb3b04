/* The input is a first octet, by which a zone is asked for, and messages of a response, each with its length in two octets: whatever comes is a version of
 * the zone, or a fault. */
#include "base/diag.h"
#include "base/rcu.h"
#include "dns/message.h"
#include "dns/type.h"
#include "fuzz.h"
#include "records/transfer_reader.h"
#include <string.h>

#define ID 0x4711

/* ns. a. 1 2 3 4 5 */
static const uint8_t soa[] = {2, 'n', 's', 0, 1, 'a', 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5};
static const uint8_t address[] = {10, 0, 0, 1};

static struct zone_data *base_of(const struct name *apex)
{
	struct zone_draft *d = zone_draft_new(apex);
	struct zone_data *z;
	struct name owner = *apex;
	assert(d && !name_prepend(&owner, "a", 1));
	assert(!zone_draft_add(d, &(struct record){apex, DNS_TYPE_SOA, 60, soa, sizeof soa}, NULL));
	assert(!zone_draft_add(d, &(struct record){&owner, DNS_TYPE_A, 60, address, sizeof address}, NULL));
	assert(!zone_draft_finish(d, &z, NULL));
	return z;
}

static void check_whole(struct transfer_reader *r)
{
	struct zone_data *z;
	struct diag d = {0};
	if (transfer_reader_finish(r, &z, &d)) {
		assert(!z && *d.text && transfer_reader_fault(r) != TRANSFER_FAULT_NONE);
		return;
	}
	assert(zone_data_serial(z) == transfer_reader_serial(r) && zone_data_records(z));
	zone_data_drop(z);
}

static void take(struct transfer_reader *r, enum transfer_kind kind, const uint8_t *data, size_t size)
{
	enum transfer_verdict v = TRANSFER_MORE;
	struct diag d = {0};
	while (v == TRANSFER_MORE && size >= 2) {
		size_t len = (size_t)data[0] << 8 | data[1];
		len = len < size - 2 ? len : size - 2;
		v = transfer_reader_take(r, data + 2, len, &d);
		data += 2 + len;
		size -= 2 + len;
	}
	assert((v == TRANSFER_WRONG) == (transfer_reader_fault(r) != TRANSFER_FAULT_NONE));
	assert((v == TRANSFER_WRONG) == (*d.text != 0));
	if (v == TRANSFER_WHOLE && kind != TRANSFER_SERIAL)
		check_whole(r);
}

/* Made once: what is dropped waits for a grace period. */
static struct zone_data *base;

static void begin(struct name *apex)
{
	assert(!name_from_text(apex, "example.", 8));
	if (base)
		return;
	rcu_thread_begin();
	base = base_of(apex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transfer_request q = {.id = ID, .octets_max = 1 << 20};
	struct name apex;
	struct transfer_reader *r;
	if (!size)
		return 0;
	begin(&apex);
	q.kind = (enum transfer_kind)(data[0] % 3);
	q.apex = &apex;
	q.base = data[0] & 4 || q.kind == TRANSFER_IXFR ? base : NULL;
	r = transfer_reader_new(&q);
	assert(r);
	take(r, q.kind, data + 1, size - 1);
	transfer_reader_free(r);
	return 0;
}
