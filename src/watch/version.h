/* version.h - the resourceVersion of a list or an object: a text of the API server's, which is kept and shown to it again. */
#pragma once
#include <stdbool.h>

#define VERSION_MAX 1024 /* octets with the NUL. Numbers of today have up to 20 digits; more than this is no version */

/* Copies one; what is longer is cut, as no version is that version_is_usable(). */
void version_set(char out[VERSION_MAX], const char *version);

/* A text that can be one: not empty, and not too long. */
bool version_is_usable(const char *text);

/* As Kubernetes' own are (KEP-5504): a decimal number without leading zeros, of any length. */
bool version_is_number(const char *text);

/* True if both are numbers and a is the lesser one. Others can't be compared. */
bool version_is_older(const char *a, const char *b);

/* The version right before that one, which the server need never have given out: what changed at version is the first that a watch from there
 * says. False: it is no number, or there is none. */
bool version_before(const char *version, char out[VERSION_MAX]);

/* The message of a refusal says that the version asked for is one that the server has not reached. Its code is 504 or that of a timeout, as for
 * other things; this text is what all releases have in common, and what client-go looks for. */
bool version_is_ahead(const char *message);
