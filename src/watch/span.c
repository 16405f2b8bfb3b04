#include "span.h"
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
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

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2,popcnt,bmi")))

AVX2 INLINE uint64_t equal_bits_avx2(__m256i octets, char c, unsigned shift)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(octets, _mm256_set1_epi8(c))) << shift;
}

AVX2 INLINE struct block classify_avx2(const char *p)
{
	struct block b = {0};
	for (unsigned i = 0; i < BLOCK; i += 32) {
		__m256i octets = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
		__m256i folded = _mm256_or_si256(octets, _mm256_set1_epi8(FOLD));
		b.quotes |= equal_bits_avx2(octets, '"', i);
		b.backslashes |= equal_bits_avx2(octets, '\\', i);
		b.opening |= equal_bits_avx2(folded, '{', i);
		b.closing |= equal_bits_avx2(folded, '}', i);
	}
	return b;
}

/* Every x86-64 has SSE2. */
INLINE uint64_t equal_bits(__m128i octets, char c, unsigned shift)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(c))) << shift;
}

INLINE struct block classify(const char *p)
{
	struct block b = {0};
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i octets = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i folded = _mm_or_si128(octets, _mm_set1_epi8(FOLD));
		b.quotes |= equal_bits(octets, '"', i);
		b.backslashes |= equal_bits(octets, '\\', i);
		b.opening |= equal_bits(folded, '{', i);
		b.closing |= equal_bits(folded, '}', i);
	}
	return b;
}
#else
INLINE struct block classify(const char *p)
{
	struct block b = {0};
	for (unsigned i = 0; i < BLOCK; i++) {
		uint64_t bit = (uint64_t)1 << i;
		b.quotes |= p[i] == '"' ? bit : 0;
		b.backslashes |= p[i] == '\\' ? bit : 0;
		b.opening |= (p[i] | FOLD) == '{' ? bit : 0;
		b.closing |= (p[i] | FOLD) == '}' ? bit : 0;
	}
	return b;
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
