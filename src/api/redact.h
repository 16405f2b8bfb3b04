/* redact.h - a line that somebody else wrote, without what may be a secret in it, for the log. What is left out can't be told for sure from a text: a word
 * that looks random may be none, and a password that looks like a word is only known by the name before it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Writes text into out, of cap octets, cut to fit. REDACTED stands for: secret, if there is one (NULL, or at least six octets; known beforehand);
 * what follows a name such as token, password or Bearer; words that look random, JSON Web Tokens among them. A text that speaks of an
 * ExecCredential is left out whole. cut: text has lost its end, so that its last word may be the beginning of a secret. */
void redact(const char *text, bool cut, const char *secret, char *out, size_t cap);
#define REDACTED "[left out]"
