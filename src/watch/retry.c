#include "retry.h"

#define ASKED_MAX_S 60

static unsigned longest_ms(const struct retry_limits *limits, const struct api_result *result, unsigned code, bool listing)
{
	bool for_now = code == 429 || code == 408 || code >= 500 || (result->outcome == API_REFUSED && listing);
	if (!code && !for_now && result->outcome != API_CREDENTIALS)
		return limits->network;
	return for_now ? limits->server : limits->refused;
}

unsigned retry_wait_ms(struct backoff *b, const struct retry_limits *limits, const struct api_result *result, unsigned code, bool listing)
{
	unsigned ms = backoff_next_ms(b, limits->min, longest_ms(limits, result, code, listing));
	unsigned asked = (result->retry_after_s < ASKED_MAX_S ? result->retry_after_s : ASKED_MAX_S) * 1000;
	return ms < asked ? backoff_draw(b, asked, asked + asked / 4) : ms;
}
