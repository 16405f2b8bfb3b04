#include "cli/options.h"
#include "base/suggest.h"
#include "hint.h"
#include "option_table.h"
#include "options_check.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX    64
#define DUMP_TIMEOUT_S 60
#define DNS_PORT       53

static struct cidr range(const char *text)
{
	struct cidr c = {0};
	cidr_parse(text, &c);
	return c;
}

static void set_defaults(struct options *o)
{
	*o = (struct options){
	        .rotate = true,
	        .log_level = LOG_INFO,
	        .ns = "default",
	        .search_fallback = true,
	        .timeout_s = DUMP_TIMEOUT_S,
	        .dns_port = DNS_PORT,
	};
	o->cluster.manifest = (struct manifest_options){
	        .cluster_services = true,
	        .service_cidr = range("10.0.0.0/16"),
	        .service_cidr6 = range("fd00:10:96::/112"),
	        .pod_cidr = range("10.244.0.0/16"),
	        .pod_cidr6 = range("fd00:10:244::/56"),
	};
	kubernetes_options_init(&o->kubernetes);
}

/* --- the command --- */

static const struct command_spec *find_command(const char *name)
{
	for (unsigned i = 1; i < command_count; i++) {
		if (strcmp(command_table[i].name, name) == 0)
			return &command_table[i];
	}
	return NULL;
}

static enum err unknown_command(const char *name, struct diag *d)
{
	struct suggest s = {.wanted = name};
	char text[DIAG_TEXT_MAX];
	for (unsigned i = 1; i < command_count; i++)
		suggest_consider(&s, command_table[i].name);
	if (hint_for_command(name, text, sizeof text))
		return diag_set(d, ERR_SYNTAX, "no command '%.100s': %.300s (headns --help lists all)", name, text);
	if (s.count)
		return diag_set(d, ERR_SYNTAX, "no command '%s': is %s meant? (headns --help lists all)", name,
		                suggest_text(&s, "", text, sizeof text));
	return diag_set(d, ERR_SYNTAX, "no command '%s' (headns --help lists all)", name);
}

static enum err parse_command(struct options *o, const char *name, struct diag *d)
{
	const struct command_spec *c = find_command(name);
	if (!c)
		return unknown_command(name, d);
	o->command = c->kind;
	if (c->kind == COMMAND_RUN) {
		o->log_level = LOG_WARNING; /* what the program prints is what its user wants to see */
		o->outside_nxdomain = true; /* there is no other DNS in there, and musl waits 5 s after REFUSED */
	}
	return OK;
}

/* --- its options --- */

/* Added to an index of option_table, so that it is no letter. */
enum { OPTION_BASE = 256 };

static int argument_of(const struct option_spec *option)
{
	if (!option->argument)
		return no_argument;
	return option->argument[0] == '[' ? optional_argument : required_argument;
}

static unsigned long_options(enum command_kind command, struct option longs[OPTIONS_MAX])
{
	unsigned n = 0;
	for (unsigned i = 0; i < option_count; i++) {
		if (option_table[i].commands & (1u << command))
			longs[n++] = (struct option){option_table[i].name, argument_of(&option_table[i]), NULL, OPTION_BASE + (int)i};
	}
	longs[n] = (struct option){0};
	return n;
}

/* What getopt_long could not take: text is the word it stands in, short_name the letter or the option that was given an argument. */
static enum err unknown_option(const struct options *o, const char *text, int short_name, struct diag *d)
{
	const char *command = command_table[o->command].name;
	char name[64], close[128];
	struct suggest s = {.wanted = name};
	const char *hint;
	if (short_name >= OPTION_BASE)
		return diag_set(d, ERR_SYNTAX, "%s: --%s takes no argument (headns help %s)", command,
		                option_table[short_name - OPTION_BASE].name, command);
	if (short_name)
		return diag_set(d, ERR_SYNTAX, "%s: no option -%c (headns help %s lists all)", command, short_name, command);
	snprintf(name, sizeof name, "%s", text + strspn(text, "-"));
	name[strcspn(name, "=")] = '\0';
	hint = hint_for_option(o->command, name);
	if (hint)
		return diag_set(d, ERR_SYNTAX, "%s: no option %s: %s (headns help %s lists all)", command, text, hint, command);
	for (unsigned i = 0; i < option_count; i++) {
		if (option_table[i].commands & (1u << o->command))
			suggest_consider(&s, option_table[i].name);
	}
	if (s.count)
		return diag_set(d, ERR_SYNTAX, "%s: no option %s: is %s meant? (headns help %s lists all)", command, text,
		                suggest_text(&s, "--", close, sizeof close), command);
	return diag_set(d, ERR_SYNTAX, "%s: no option %s (headns help %s lists all)", command, text, command);
}

static enum err set_option(struct options *o, const struct option_spec *option, const char *text, struct diag *d)
{
	struct diag why;
	enum err err = option->set(o, text, &why);
	if (err)
		diag_set(d, err, "%s: --%s %s: %s", command_table[o->command].name, option->name, text, why.text);
	return err;
}

/* The word of argv that getopt_long just took as an option. */
static const char *option_word(char **argv)
{
	return argv[optind - (optarg && optarg == argv[optind - 1] ? 2 : 1)];
}

/* getopt_long takes "--pod" for "--pod-cidr" where it knows no "--pod"; we don't. */
static bool is_spelt_out(const char *word, const char *name)
{
	size_t len = strlen(name);
	word += word[1] == '-' ? 2 : 1;
	return strncmp(word, name, len) == 0 && (word[len] == 0 || word[len] == '=');
}

/* An argument that need not be there is the next word, unless that is an option: getopt_long takes it only behind a "=". */
static const char *argument_given(const struct option_spec *option, int argc, char **argv)
{
	if (optarg || argument_of(option) != optional_argument)
		return optarg;
	return optind < argc && argv[optind][0] != '-' ? argv[optind++] : "";
}

static enum err take_long_option(struct options *o, const struct option_spec *option, int argc, char **argv, struct diag *d)
{
	const char *word = option_word(argv);
	if (!is_spelt_out(word, option->name))
		return unknown_option(o, word, 0, d);
	return set_option(o, option, argument_given(option, argc, argv), d);
}

static enum err parse_long_options(struct options *o, int argc, char **argv, struct diag *d)
{
	struct option longs[OPTIONS_MAX];
	const char *command = command_table[o->command].name;
	int got;
	enum err err = OK;
	long_options(o->command, longs);
	optind = 0; /* glibc: start afresh */
	opterr = 0;
	/* With one dash as well, since manifests of CoreDNS say -conf. */
	while (!err && (got = getopt_long_only(argc, argv, ":hR", longs, NULL)) != -1) {
		if (got == 'h')
			o->help = true;
		else if (got == 'R')
			o->cluster.manifest.recursive = true;
		else if (got == ':')
			err = diag_set(d, ERR_SYNTAX, "%s: %s needs an argument (headns help %s)", command, argv[optind - 1], command);
		else if (got == '?')
			err = unknown_option(o, argv[optind - 1], optopt, d);
		else
			err = take_long_option(o, &option_table[got - OPTION_BASE], argc, argv, d);
	}
	o->cluster.files = (const char *const *)argv + optind;
	o->cluster.file_count = (unsigned)(argc - optind);
	return err;
}

/* Where the first "--" stands; argc if there is none. getopt would mix what is before and behind it. */
static int find_separator(int argc, char **argv)
{
	int i = 1;
	while (i < argc && strcmp(argv[i], "--") != 0)
		i++;
	return i;
}

static enum err parse_help(struct options *o, int argc, char **argv, struct diag *d)
{
	o->help = true;
	return argc > 2 ? parse_command(o, argv[2], d) : OK;
}

void options_clear(struct options *o)
{
	kubernetes_options_clear(&o->kubernetes);
	settings_clear(&o->settings);
	free(o->forward);
}

enum err options_parse(struct options *o, int argc, char **argv, struct diag *d)
{
	enum err err;
	int end = argc;
	set_defaults(o);
	if (argc < 2)
		return diag_set(d, ERR_SYNTAX, "no command (headns --help lists all)");
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return parse_help(o, argc, argv, d);
	o->version = strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-version") == 0 || strcmp(argv[1], "-V") == 0;
	if (o->version)
		return OK;
	if (argv[1][0] == '-') { /* as CoreDNS is called: headns -conf FILE */
		o->command = COMMAND_SERVE;
		err = parse_long_options(o, argc, argv, d);
		return err ? err : options_check(o, d);
	}
	err = parse_command(o, argv[1], d);
	if (err)
		return err;
	if (o->command == COMMAND_RUN) {
		end = find_separator(argc, argv);
		o->run_argv = end < argc ? argv + end + 1 : NULL;
	}
	err = parse_long_options(o, end - 1, argv + 1, d);
	return err ? err : options_check(o, d);
}
