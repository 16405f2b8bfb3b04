/* log.h - `log [NAMES...] [FORMAT] { class CLASS... }`: which queries are written down, and how. All texts are owned by the Corefile. */
#pragma once
#include "dns/name.h"

enum log_class { LOG_CLASS_SUCCESS = 1, LOG_CLASS_DENIAL = 2, LOG_CLASS_ERROR = 4, LOG_CLASS_ALL = 7 };
struct log_rule {
	struct name scope;
	char *format;     /* NULL: {common} */
	unsigned classes; /* of enum log_class */
};
struct log_options {
	struct log_rule *rules; /* the first whose scope has the name counts */
	unsigned rule_count;
	unsigned line_begin, line_classes; /* private: of the line that is being read */
};
