#include "hint.h"
#include "option_table.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOR_SOURCES (FOR_SERVE | FOR_DUMP)
#define FOR_SERVERS (FOR_SERVE | FOR_RUN)
#define FOR_EVERY   (FOR_SERVE | FOR_RUN | FOR_DUMP)

static const struct {
	const char *words; /* between blanks */
	unsigned commands;
	const char *hint;
} options[] = {
        {" port ", FOR_SERVE, "is --listen :PORT meant, or, with a Corefile, --dns.port PORT?"},
        {" l a addr address b bind host ip i interface ", FOR_SERVE, "is --listen ADDR:PORT meant?"},
        {" p ", FOR_RUN, "is --pod NAME meant?"},
        {" l listen port addr address bind ", FOR_RUN, "nothing is to be chosen: it answers on port 53 of the cluster's DNS Service"},
        {" f file filename manifest manifests input ", FOR_SERVE, "a file needs no option: headns serve FILE"},
        {" f file filename manifest manifests input ", FOR_RUN, "a file needs no option: headns run FILE -- COMMAND"},
        {" f file filename manifest manifests input ", FOR_DUMP, "a file needs no option: headns dump FILE"},
        {" n ns ", FOR_RUN, "is --namespace NS meant?"},
        {" n ns namespace namespaces A all-namespaces ", FOR_SOURCES,
         "every namespace counts; for one alone it is --set kubernetes.namespaces=NS"},
        {" c config corefile ", FOR_SOURCES | FOR_CHECK, "is --conf FILE meant?"},
        {" f file filename manifest manifests input ", FOR_CHECK, "a file needs no option: headns check FILE"},
        {" k config-file kube-config cluster ", FOR_SOURCES, "is --kubeconfig FILE meant?"},
        {" d domain cluster-domain z ", FOR_EVERY, "is --zone NAME meant?"},
        {" v verbose debug ", FOR_EVERY, "is --log-level debug meant?"},
        {" q silent ", FOR_SERVE, "is --quiet meant?"},
        {" q quiet silent ", FOR_EVERY, "is --log-level error meant?"},
        {" V version ", FOR_EVERY, "is headns --version meant?"},
        {" r ", FOR_EVERY, "is --recursive meant?"},
        {" w t threads j jobs ", FOR_SERVERS, "is --workers N meant?"},
        {" o out output ", FOR_DUMP, "it goes to standard output: headns dump FILE > OUTPUT"},
};

static const struct {
	const char *words, *meant;
} commands[] = {
        {" version -v -V ", "--version"},
        {" start server listen daemon dns ", "serve"},
        {" exec shell sh ", "run"},
        {" lint validate verify test configtest ", "check"},
        {" print show list export axfr zone ", "dump"},
};

static bool is_among(const char *words, const char *word, size_t len)
{
	for (const char *at = words; (at = strchr(at, ' ')) && at[1]; at++) {
		if (strncmp(at + 1, word, len) == 0 && at[1 + len] == ' ')
			return true;
	}
	return false;
}

static const char *find(enum command_kind command, const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		if (options[i].commands & 1u << command && is_among(options[i].words, word, len))
			return options[i].hint;
	}
	return NULL;
}

const char *hint_for_option(enum command_kind command, const char *name)
{
	size_t len = strlen(name);
	const char *hint = len ? find(command, name, len) : NULL;
	bool has_number = len > 1 && name[1 + strspn(name + 1, ":.0123456789")] == '\0';
	return !hint && has_number ? find(command, name, 1) : hint;
}

/* Names of commands have neither. */
static bool looks_like_a_file(const char *word)
{
	return strpbrk(word, "./") || access(word, F_OK) == 0;
}

static bool is_corefile(const char *word)
{
	const char *slash = strrchr(word, '/');
	return strncmp(slash ? slash + 1 : word, "Corefile", strlen("Corefile")) == 0;
}

const char *hint_for_command(const char *word, char *text, size_t cap)
{
	const char *meant = NULL;
	for (size_t i = 0; i < sizeof commands / sizeof *commands && !meant; i++) {
		if (is_among(commands[i].words, word, strlen(word)))
			meant = commands[i].meant;
	}
	if (meant)
		snprintf(text, cap, "is headns %s meant?", meant);
	else if (is_corefile(word) || looks_like_a_file(word))
		snprintf(text, cap, "is headns %s %s meant?", is_corefile(word) ? "-conf" : "serve", word);
	else
		return NULL;
	return text;
}
