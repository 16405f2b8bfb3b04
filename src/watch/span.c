#include "span.h"
#include <string.h>
#if defined __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

#define BLOCK 64

/* A bit for each octet of a block. */
struct block {
	uint64_t quotes, backslashes, opening, closing;
};

/* '[' and '{', ']' and '}' differ in one bit alone. */
#define FOLD 0x20

/* So that the functions of a kind of processor become one loop. */
#define INLINE static inline __attribute__((always_inline))

/* equal_bits: a bit for each octet of the block that is c, once the bits of fold are set in it. This is all that differs from one kind of
 * processor to the next. */
#if defined __x86_64__
INLINE uint64_t equal_bits(const char *block, char c, char fold) /* every x86-64 has SSE2 */
{
	uint64_t bits = 0;
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i octets = _mm_or_si128(_mm_loadu_si128((const __m128i *)(const void *)(block + i)), _mm_set1_epi8(fold));
		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(c))) << i;
	}
	return bits;
}
#elif defined __aarch64__
/* Of what is equal, each octet has one bit left: the first of 8 the lowest. */
INLINE uint8x16_t weigh(uint8x16_t equal)
{
	const uint8x16_t weights = vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0x8040201008040201)));
	return vandq_u8(equal, weights);
}

INLINE uint8x16_t equal_octets(const char *octets, char c, char fold)
{
	uint8x16_t folded = vorrq_u8(vld1q_u8((const uint8_t *)octets), vdupq_n_u8((uint8_t)fold));
	return weigh(vceqq_u8(folded, vdupq_n_u8((uint8_t)c)));
}

/* Every aarch64 has NEON. Adding neighbours three times makes one octet of 8. */
INLINE uint64_t equal_bits(const char *block, char c, char fold)
{
	uint8x16_t low = vpaddq_u8(equal_octets(block, c, fold), equal_octets(block + 16, c, fold));
	uint8x16_t high = vpaddq_u8(equal_octets(block + 32, c, fold), equal_octets(block + 48, c, fold));
	uint8x16_t bits = vpaddq_u8(low, high);
	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(bits, bits)), 0);
}
#else
INLINE uint64_t equal_bits(const char *block, char c, char fold)
{
	uint64_t bits = 0;
	for (unsigned i = 0; i < BLOCK; i++)
		bits |= (uint64_t)((block[i] | fold) == c) << i;
	return bits;
}
#endif

INLINE struct block classify(const char *p)
{
	return (struct block){equal_bits(p, '"', 0), equal_bits(p, '\\', 0), equal_bits(p, '{', FOLD), equal_bits(p, '}', FOLD)};
}

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2,popcnt,bmi")))

AVX2 INLINE uint64_t equal_bits_avx2(const char *block, char c, char fold)
{
	uint64_t bits = 0;
	for (unsigned i = 0; i < BLOCK; i += 32) {
		__m256i octets = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(const void *)(block + i)), _mm256_set1_epi8(fold));
		bits |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(octets, _mm256_set1_epi8(c))) << i;
	}
	return bits;
}

AVX2 INLINE struct block classify_avx2(const char *p)
{
	return (struct block){equal_bits_avx2(p, '"', 0), equal_bits_avx2(p, '\\', 0), equal_bits_avx2(p, '{', FOLD),
	                      equal_bits_avx2(p, '}', FOLD)};
}
#endif

struct span span_string(void)
{
	return (struct span){.in_string = true};
}

struct span span_brackets(void)
{
	return (struct span){.depth = 1};
}

/* The octets of the block that a backslash stands before; what it leaves for the next block goes to *carry. */
INLINE uint64_t escaped_octets(uint64_t backslashes, bool *carry)
{
	uint64_t escaped = *carry ? 1 : 0;
	*carry = false;
	backslashes &= ~escaped;
	while (backslashes) {
		uint64_t first = backslashes & -backslashes;
		escaped |= first << 1;
		*carry = first >> (BLOCK - 1);
		backslashes &= ~(first | first << 1);
	}
	return escaped;
}

/* Each bit becomes the parity of itself and all below: between a quote and the next it is 1. */
INLINE uint64_t parity(uint64_t bits)
{
	for (unsigned shift = 1; shift < BLOCK; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

/* The block has brackets enough to end the span: number of octets up to its end, that included; BLOCK: they don't. */
INLINE size_t find_end(struct span *s, uint64_t opening, uint64_t closing)
{
	for (uint64_t left = opening | closing; left; left &= left - 1) {
		if (opening & left & -left)
			s->depth++;
		else if (!--s->depth) {
			s->ended = true;
			return (size_t)__builtin_ctzll(left) + 1;
		}
	}
	return BLOCK;
}

/* Takes the end of the span if it is in the block: number of octets up to it, it included; else BLOCK. */
INLINE size_t feed_block(struct span *s, struct block b)
{
	uint64_t quotes = b.quotes & ~escaped_octets(b.backslashes, &s->escaped);
	uint64_t strings, opening, closing;
	unsigned closed;
	if (!s->depth) {
		s->ended = quotes;
		return quotes ? (size_t)__builtin_ctzll(quotes) + 1 : BLOCK;
	}
	strings = parity(quotes) ^ (s->in_string ? UINT64_MAX : 0);
	s->in_string = strings >> (BLOCK - 1);
	opening = b.opening & ~strings;
	closing = b.closing & ~strings;
	closed = (unsigned)__builtin_popcountll(closing);
	if (closed >= s->depth)
		return find_end(s, opening, closing);
	s->depth += (unsigned)__builtin_popcountll(opening) - closed;
	return BLOCK;
}

/* The whole blocks of a piece. */
size_t span_feed_blocks(struct span *s, const char *bytes, size_t len)
{
	size_t at = 0;
	while (!s->ended && len - at >= BLOCK)
		at += feed_block(s, classify(bytes + at));
	return at;
}

#ifdef __x86_64__
AVX2 static size_t feed_blocks_avx2(struct span *s, const char *bytes, size_t len)
{
	size_t at = 0;
	while (!s->ended && len - at >= BLOCK)
		at += feed_block(s, classify_avx2(bytes + at));
	return at;
}

static size_t feed_blocks(struct span *s, const char *bytes, size_t len)
{
	bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
	return avx2 ? feed_blocks_avx2(s, bytes, len) : span_feed_blocks(s, bytes, len);
}
#else
static size_t feed_blocks(struct span *s, const char *bytes, size_t len)
{
	return span_feed_blocks(s, bytes, len);
}
#endif

/* What is left of a piece, as a block: filled up with what means nothing inside a string and outside. */
static size_t feed_rest(struct span *s, const char *bytes, size_t len)
{
	char block[BLOCK];
	bool escaped;
	size_t taken;
	memcpy(block, bytes, len);
	memset(block + len, ' ', BLOCK - len);
	/* An escape is carried over the end of the piece, not over that of the block. */
	escaped = s->escaped;
	for (size_t i = 0; i < len; i++)
		escaped = !escaped && bytes[i] == '\\';
	taken = feed_blocks(s, block, BLOCK);
	s->escaped = escaped;
	return taken < len ? taken : len;
}

size_t span_feed(struct span *s, const char *bytes, size_t len)
{
	size_t at = feed_blocks(s, bytes, len);
	if (!s->ended && at < len)
		at += feed_rest(s, bytes + at, len - at);
	return at;
}
