/* put.h - text into an array of WORLD_TEXT octets; the test fails where it does not fit. */
#pragma once
#include "world.h"
#include <stddef.h>

/* Formats to out + at; returns where the text ends. */
size_t put(char out[WORLD_TEXT], size_t at, const char *format, ...);
