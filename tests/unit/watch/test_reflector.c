#include "base/log.h"
#include "fake_server.h"
#include "reflector.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 20000
#define SCRIPT_MAX  32

/* What the server sends. */
#define OK_HEAD           "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n\r\n"
#define CLOSING_HEAD      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define STATUS(line)      "HTTP/1.1 " line "\r\nConnection: close\r\n\r\n{'kind':'Status','reason':'R','message':'m'}"
#define META(name, v)     "'metadata':{'name':'" name "','namespace':'x','resourceVersion':'" v "'}"
#define EVENT(t, n, v)    "{'type':'" t "','object':{'kind':'Service','apiVersion':'v1'," META(n, v) "}}\n"
#define END(v)            "{'type':'BOOKMARK','object':{'metadata':{'resourceVersion':'" v "','annotations':{'k8s.io/initial-events-end':'true'}}}}\n"
#define BOOKMARK(v)       "{'type':'BOOKMARK','object':{'metadata':{'resourceVersion':'" v "'}}}\n"
#define ERROR_EVENT(c)    "{'type':'ERROR','object':{'kind':'Status','code':" c ",'message':'m'}}\n"
#define LIST(v, c, items) OK_HEAD "{'kind':'ServiceList','metadata':{'resourceVersion':'" v "','continue':'" c "'},'items':[" items "]}"
#define ITEM(name)        "{" META(name, "1") "}"
#define LISTED(text)      OK_HEAD "{" text "}"
#define LIST_KIND(k)      "'kind':'" k "','apiVersion':'v1'"
#define LIST_META         "'metadata':{'resourceVersion':'7'}"
#define DIGITS_64         "1234567890123456789012345678901234567890123456789012345678901234"
#define DIGITS_1024       DIGITS_512 DIGITS_512
#define DIGITS_512        DIGITS_64 DIGITS_64 DIGITS_64 DIGITS_64 DIGITS_64 DIGITS_64 DIGITS_64 DIGITS_64

/* What is asked for. */
#define PATH           "/api/v1/services?"
#define WATCH          PATH "watch=1&allowWatchBookmarks=true"
#define INITIAL        WATCH "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
#define SECONDS        "&timeoutSeconds=300"
#define STREAM_LIST    INITIAL SECONDS
#define STREAM_FROM(v) INITIAL "&resourceVersion=" v SECONDS
#define WATCH_FROM(v)  WATCH "&resourceVersion=" v SECONDS
#define LIST_FROM(v)   PATH "resourceVersion=" v
#define ONE_FROM(v)    PATH "limit=1&resourceVersion=" v "&resourceVersionMatch=NotOlderThan"
#define LAST(n)        "/api/v1/namespaces/x/services?fieldSelector=metadata.name%3D" n
#define NONE           "/api/v1/namespaces/default/services?fieldSelector=metadata.name%3Ddefault" /* no object is known */
#define AHEAD          "Too large resource version: 7, current: 3"

#define REFUSED_STREAM                                                                                                                     \
	{                                                                                                                                  \
		STREAM_LIST, STATUS("422 Unprocessable"), false                                                                            \
	}

#define AWAY                                                                                                                               \
	{                                                                                                                                  \
		STREAM_LIST, NULL, false                                                                                                   \
	}
#define GONE                                                                                                                               \
	{                                                                                                                                  \
		WATCH_FROM("5"), NULL, false                                                                                               \
	}
/* A fetched list that is as good as none, and then one that is good. */
#define NO_LIST(text)                                                                                                                      \
	{                                                                                                                                  \
		REFUSED_STREAM, {LIST_FROM("0"), text, false}, {LIST_FROM("0"), LIST("8", "", ITEM("b")), false},                          \
		{                                                                                                                          \
			WATCH_FROM("8"), OK_HEAD, true                                                                                     \
		}                                                                                                                          \
	}

#define GONE_6 GONE, GONE, GONE, GONE, GONE, GONE
#define AWAY_6 AWAY, AWAY, AWAY, AWAY, AWAY, AWAY

struct reflector_case {
	const char *what;
	struct exchange script[SCRIPT_MAX];
	const char *want; /* what is delivered by the time the whole script was asked for */
};

static const struct reflector_case cases[] = {
        {"a streamed list goes on as a watch",
         {{STREAM_LIST,
           OK_HEAD EVENT("ADDED", "a", "1") EVENT("ADDED", "b", "2") END("5") EVENT("MODIFIED", "a", "6") EVENT("DELETED", "b", "7"),
           true}},
         "begin +a +b synced +a -b "},
        {"a server that does not stream lists",
         {REFUSED_STREAM, {LIST_FROM("0"), LIST("7", "", ITEM("a")), false}, {WATCH_FROM("7"), OK_HEAD EVENT("ADDED", "b", "8"), true}},
         "begin +a synced +b "},
        {"an empty list",
         {REFUSED_STREAM,
          {LIST_FROM("0"), OK_HEAD "{'kind':'ServiceList','metadata':{'resourceVersion':'7'},'items':null}", false},
          {WATCH_FROM("7"), OK_HEAD, true}},
         "begin synced "},
        {"a watch that ends goes on where it was",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("ADDED", "a", "6"), false},
          {WATCH_FROM("6"), OK_HEAD BOOKMARK("9"), false},
          {WATCH_FROM("9"), OK_HEAD EVENT("ADDED", "b", "10"), true}},
         "begin synced +a +b "},
        {"one that ends at once, and again",
         {{STREAM_LIST, OK_HEAD END("5"), false},
          {WATCH_FROM("5"), OK_HEAD, false},
          {WATCH_FROM("5"), OK_HEAD, false},
          {WATCH_FROM("5"), OK_HEAD, true}},
         "begin synced "},
        {"an expired version: a list takes the place of the last",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "1") END("5"), false},
          {WATCH_FROM("5"), STATUS("410 Gone"), false},
          {STREAM_FROM("5"), OK_HEAD EVENT("ADDED", "b", "7") END("8"), true}},
         "begin +a synced begin +b synced "},
        {"the same as an event",
         {{STREAM_LIST, OK_HEAD END("5") ERROR_EVENT("410"), false}, {STREAM_FROM("5"), OK_HEAD END("8"), true}},
         "begin synced begin synced "},
        {"expired for a streamed list too",
         {{STREAM_LIST, OK_HEAD END("5") ERROR_EVENT("410"), false},
          {STREAM_FROM("5"), STATUS("410 Gone"), false},
          {STREAM_LIST, OK_HEAD END("8"), true}},
         "begin synced begin synced "},
        {"expired where lists are fetched: pages from the store",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LIST("7", "", ITEM("a")), false},
          {WATCH_FROM("7"), OK_HEAD ERROR_EVENT("410"), false},
          {LIST_FROM("7"), STATUS("410 Gone"), false},
          {PATH "limit=500", LIST("9", "p/2=", ITEM("a")), false},
          {PATH "limit=500&continue=p%2F2%3D", LIST("9", "", ITEM("b")), false},
          {WATCH_FROM("9"), OK_HEAD, true}},
         "begin +a synced begin +a +b synced "},
        {"an expired page: all in one",
         {REFUSED_STREAM,
          {LIST_FROM("0"), STATUS("410 Gone"), false},
          {PATH "limit=500", LIST("9", "p2", ITEM("a")), false},
          {PATH "limit=500&continue=p2", STATUS("410 Gone"), false},
          {PATH, LIST("9", "", ITEM("a")), false},
          {WATCH_FROM("9"), OK_HEAD, true}},
         "begin +a synced "},
        {"another error in a watch: from the same version",
         {{STREAM_LIST, OK_HEAD END("5") ERROR_EVENT("500"), false}, {WATCH_FROM("5"), OK_HEAD, true}},
         "begin synced "},
        {"half an event",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("ADDED", "a", "6") "{'type':'ADDED','object':{'me", false},
          {WATCH_FROM("6"), OK_HEAD, true}},
         "begin synced +a "},
        {"garbage",
         {{STREAM_LIST, OK_HEAD END("5") "<html>", true}, {WATCH_FROM("5"), OK_HEAD "\x01\x02", true}, {WATCH_FROM("5"), OK_HEAD, true}},
         "begin synced "},
        {"an event of a type that there is not",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("MOVED", "a", "6") EVENT("ADDED", "b", "7"), false}, {WATCH_FROM("7"), OK_HEAD, true}},
         "begin synced +b "},
        {"an event without a type, or of another",
         {{STREAM_LIST, OK_HEAD END("5") "{'object':null}{'type':7,'object':[]}" EVENT("", "a", "6") EVENT("ADDED", "b", "7"), false},
          {WATCH_FROM("7"), OK_HEAD, true}},
         "begin synced +b "},
        {"an object that does not say what it is",
         {{STREAM_LIST, OK_HEAD "{'type':'ADDED','object':{'kind':7,'apiVersion':null," META("a", "1") "}}" END("5"), false},
          {WATCH_FROM("5"), OK_HEAD, true}},
         "begin +a synced "},
        {"JSON that only a parser finds to be broken",
         {{STREAM_LIST, OK_HEAD END("5") "{'type':nul}", true}, {WATCH_FROM("5"), OK_HEAD, true}},
         "begin synced "},
        {"half a list is none",
         {REFUSED_STREAM,
          {LIST_FROM("0"), OK_HEAD "{'kind':'ServiceList','metadata':{'resourceVersion':'7'},'items':[" ITEM("a") ",", false},
          {LIST_FROM("0"), LIST("8", "", ITEM("b")), false},
          {WATCH_FROM("8"), OK_HEAD, true}},
         "begin +b synced "},
        {"a connection that breaks, and one that is refused at HTTP",
         {{STREAM_LIST, NULL, false}, {STREAM_LIST, "not HTTP at all\r\n\r\n", false}, {STREAM_LIST, OK_HEAD END("5"), true}},
         "begin synced "},
        {"streams that end before the list does: fetch it",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "1"), false},
          {STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "1"), false},
          {LIST_FROM("0"), LIST("7", "", ITEM("a")), false},
          {WATCH_FROM("7"), OK_HEAD, true}},
         "begin +a synced "},
        {"refused for now, and as things stand",
         {{STREAM_LIST, STATUS("500 Internal"), false},
          {STREAM_LIST, STATUS("403 Forbidden"), false},
          {STREAM_LIST, STATUS("401 Unauthorized"), false},
          {STREAM_LIST, STATUS("404 Not Found"), false},
          {STREAM_LIST, OK_HEAD END("5"), true}},
         "begin synced "},
        {"a server that comes back, and refuses until it has read its rules",
         {AWAY_6, AWAY_6, AWAY_6, AWAY_6, {STREAM_LIST, STATUS("403 Forbidden"), false}, {STREAM_LIST, OK_HEAD END("5"), true}},
         "begin synced "},
        {"a server that comes back, and has forgotten the version",
         {{STREAM_LIST, OK_HEAD END("5"), false},
          GONE_6,
          GONE_6,
          GONE_6,
          GONE_6,
          {WATCH_FROM("5"), STATUS("410 Gone"), false},
          {STREAM_FROM("5"), OK_HEAD END("8"), true}},
         "begin synced begin synced "},
        {"no answer, and no more of one",
         {{STREAM_LIST, NULL, true}, {STREAM_LIST, OK_HEAD END("5"), true}, {WATCH_FROM("5"), OK_HEAD, true}},
         "begin synced "},
        {"a version ahead of the server's",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LIST("7", "", ""), false},
          {WATCH_FROM("7"), STATUS("410 Gone"), false},
          {LIST_FROM("7"), "HTTP/1.1 504 Late\r\nConnection: close\r\n\r\n{'message':'Timeout: " AHEAD "'}", false},
          {PATH "limit=500", LIST("3", "", ""), false},
          {WATCH_FROM("3"), OK_HEAD, true}},
         "begin synced begin synced "},
        /* The server's store was set back to a backup. */
        {"a version that is ahead of a server that is back",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "6") END("7") "{'type':'ADDED'", false},
          {WATCH_FROM("7"), OK_HEAD, true},
          {LAST("a"), LIST("3", "", "{" META("a", "6") "}"), false},
          {STREAM_LIST, OK_HEAD EVENT("ADDED", "b", "2") END("3"), true}},
         "begin +a synced begin +b synced "},
        {"the same where it says what it has",
         {{STREAM_LIST, OK_HEAD END("10") "{", false},
          {WATCH_FROM("10"), OK_HEAD, true},
          {NONE, LIST("10", "", ""), false},
          {ONE_FROM("10"), LIST("9", "more", ITEM("a")), false},
          {STREAM_LIST, OK_HEAD END("9"), true}},
         "begin synced begin synced "},
        {"a server that is back and has the version",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "6") END("9") "{", false},
          {WATCH_FROM("9"), OK_HEAD EVENT("ADDED", "b", "11"), true},
          {LAST("a"), LIST("10", "", "{" META("a", "6") "}"), true}},
         "begin +a synced +b "},
        {"the same of an empty world",
         {{STREAM_LIST, OK_HEAD END("9") "{", false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {NONE, LIST("10", "", ""), false},
          {ONE_FROM("9"), LIST("10", "", ""), true}},
         "begin synced "},
        {"one that is not empty",
         {{STREAM_LIST, OK_HEAD END("9") "{", false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {NONE, LIST("10", "", ""), false},
          {ONE_FROM("9"), LIST("10", "", ITEM("z")), false},
          {STREAM_LIST, OK_HEAD END("10"), true}},
         "begin synced begin synced "},
        {"a streamed list in which something is deleted",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "5") EVENT("ADDED", "b", "6") EVENT("DELETED", "a", "7") END("7"), true}},
         "begin +a +b -a synced "},
        {"one that breaks off leaves nothing",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "5") EVENT("DELETED", "a", "7") "{", false}, {STREAM_LIST, OK_HEAD END("7"), true}},
         "begin synced "},
        {"a watch that makes more than there may be",
         {{STREAM_LIST,
           OK_HEAD END("5") EVENT("ADDED", "a", "6") EVENT("ADDED", "b", "7") EVENT("ADDED", "c", "8") EVENT("ADDED", "d", "9")
                   EVENT("ADDED", "e", "10") EVENT("ADDED", "f", "11"),
           true},
          {STREAM_FROM("9"), OK_HEAD EVENT("ADDED", "a", "6") END("12"), true}},
         "begin synced +a +b +c +d +e begin +a synced "},
        {"one that can't be asked about an object",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "6") END("9") "{", false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {LAST("a"), STATUS("403 Forbidden"), false},
          {ONE_FROM("9"), LIST("10", "", ""), false}},
         "begin +a synced "},
        {"one that can't, and is behind",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "6") END("9") "{", false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {LAST("a"), STATUS("422 Unprocessable"), false},
          {ONE_FROM("9"), "HTTP/1.1 504 Late\r\nConnection: close\r\n\r\n{'reason':'Timeout','message':'Timeout: " AHEAD "'}", false},
          {STREAM_LIST, OK_HEAD END("8"), true}},
         "begin +a synced begin synced "},
        {"one that has reached the version on another way",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "6") END("9") "{", false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {LAST("a"), LIST("10", "", ""), false},
          {WATCH_FROM("5"), OK_HEAD EVENT("ADDED", "b", "7"), true},
          {STREAM_LIST, OK_HEAD END("10"), true}},
         "begin +a synced +b begin synced "},
        {"what changed last has changed again: it is said again",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("ADDED", "a", "6") BOOKMARK("7") "{", false},
          {WATCH_FROM("7"), OK_HEAD, true},
          {LAST("a"), LIST("9", "", "{" META("a", "8") "}"), false},
          {WATCH_FROM("5"), OK_HEAD EVENT("ADDED", "a", "6") EVENT("MODIFIED", "a", "8"), false},
          {WATCH_FROM("8"), OK_HEAD, true}},
         "begin synced +a +a +a "},
        {"what came before it was sure comes again, and is no past",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("ADDED", "a", "6") "{", false},
          {WATCH_FROM("6"), OK_HEAD EVENT("DELETED", "a", "8") EVENT("ADDED", "b", "9"), true},
          {LAST("a"), LIST("9", "", ""), false},
          {WATCH_FROM("5"), OK_HEAD EVENT("ADDED", "a", "6") EVENT("DELETED", "a", "8") EVENT("ADDED", "b", "9") "{", false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {LAST("b"), LIST("9", "", "{" META("b", "9") "}"), false}},
         "begin synced +a -a +b +a -a +b "},
        {"it was deleted",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("DELETED", "a", "6") "{", false},
          {WATCH_FROM("6"), OK_HEAD, true},
          {NONE, LIST("9", "", ""), false},
          {WATCH_FROM("5"), OK_HEAD EVENT("DELETED", "a", "6"), false},
          {WATCH_FROM("6"), OK_HEAD, true}},
         "begin synced -a -a "},
        {"something else is said",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("ADDED", "a", "6") "{", false},
          {WATCH_FROM("6"), OK_HEAD, true},
          {LAST("a"), LIST("9", "", ""), false},
          {WATCH_FROM("5"), OK_HEAD EVENT("ADDED", "z", "7"), true},
          {STREAM_LIST, OK_HEAD END("9"), true}},
         "begin synced +a +z begin synced "},
        {"it can't be said again",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("ADDED", "a", "6") "{", false},
          {WATCH_FROM("6"), OK_HEAD, true},
          {LAST("a"), LIST("9", "", ""), false},
          {WATCH_FROM("5"), STATUS("410 Gone"), false},
          {STREAM_FROM("6"), OK_HEAD END("9"), true}},
         "begin synced +a begin synced "},
        {"a watch that the server ended with the connection",
         {{STREAM_LIST, CLOSING_HEAD END("9"), false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {NONE, LIST("9", "", ""), false},
          {ONE_FROM("9"), LIST("9", "", ""), false}},
         "begin synced "},
        {"one that can't say so yet",
         {{STREAM_LIST, OK_HEAD END("9") "{", false},
          {WATCH_FROM("9"), OK_HEAD, true},
          {NONE, STATUS("429 Wait"), false},
          {NONE, STATUS("504 Gateway Timeout"), false},
          {NONE, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", false},
          {NONE, NULL, false},
          {NONE, LIST("8", "", ""), false},
          {STREAM_LIST, OK_HEAD END("8"), true}},
         "begin synced begin synced "},
        {"a watch that the server ended: nothing is asked",
         {{STREAM_LIST, OK_HEAD END("9"), false}, {WATCH_FROM("9"), OK_HEAD BOOKMARK("10"), false}, {WATCH_FROM("10"), OK_HEAD, true}},
         "begin synced "},
        {"a bookmark of the past",
         {{STREAM_LIST, OK_HEAD END("10") BOOKMARK("9"), true},
          {NONE, "HTTP/1.1 504 Late\r\nConnection: close\r\n\r\n{'message':'" AHEAD "'}", false},
          {STREAM_LIST, OK_HEAD END("9"), true}},
         "begin synced begin synced "},
        {"an event of the past, and a server that has the version nevertheless",
         {{STREAM_LIST, OK_HEAD END("10") EVENT("ADDED", "a", "9"), true}, {LAST("a"), LIST("10", "", "{" META("a", "9") "}"), false}},
         "begin synced +a "},
        {"versions are compared as numbers, however long",
         {{STREAM_LIST, OK_HEAD END(DIGITS_64) BOOKMARK(DIGITS_64 "0") BOOKMARK("2" DIGITS_64) BOOKMARK(DIGITS_64 "9"), true},
          {NONE, LIST("2" DIGITS_64, "", ""), false},
          {ONE_FROM("2" DIGITS_64), LIST("2" DIGITS_64, "", ""), false}},
         "begin synced "},
        {"three times in a row",
         {{STREAM_LIST, OK_HEAD END("5") ERROR_EVENT("410"), false},
          {STREAM_FROM("5"), OK_HEAD END("6") ERROR_EVENT("410"), false},
          {STREAM_FROM("6"), OK_HEAD END("7") ERROR_EVENT("410"), false},
          {STREAM_LIST, OK_HEAD END("8"), true}},
         "begin synced begin synced begin synced begin synced "},
        {"the same where lists are fetched",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LIST("5", "", ""), false},
          {WATCH_FROM("5"), STATUS("410 Gone"), false},
          {LIST_FROM("5"), LIST("6", "", ""), false},
          {WATCH_FROM("6"), STATUS("410 Gone"), false},
          {LIST_FROM("6"), LIST("7", "", ""), false},
          {WATCH_FROM("7"), STATUS("410 Gone"), false},
          {PATH "limit=500", LIST("8", "", ""), false},
          {WATCH_FROM("8"), OK_HEAD, true}},
         "begin synced begin synced begin synced begin synced "},
        {"not in a row",
         {{STREAM_LIST, OK_HEAD END("5") ERROR_EVENT("410"), false},
          {STREAM_FROM("5"), OK_HEAD END("6") BOOKMARK("7") ERROR_EVENT("410"), false},
          {STREAM_FROM("7"), OK_HEAD END("8") BOOKMARK("9") ERROR_EVENT("410"), false},
          {STREAM_FROM("9"), OK_HEAD END("10"), true}},
         "begin synced begin synced begin synced begin synced "},
        {"whatever is asked for has expired",
         {{STREAM_LIST, STATUS("410 Gone"), false},
          {LIST_FROM("0"), STATUS("410 Gone"), false},
          {PATH "limit=500", STATUS("410 Gone"), false},
          {PATH, LIST("5", "", ""), false},
          {WATCH_FROM("5"), OK_HEAD, true}},
         "begin synced "},
        /* Texts of the server's in what it is asked. */
        {"a version that can't stand in a URL",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LIST("a b&limit=1#\\n%", "", ""), false},
          {WATCH_FROM("a%20b%26limit%3D1%23%0A%25"), STATUS("502 Bad Gateway"), false},
          {WATCH_FROM("a%20b%26limit%3D1%23%0A%25"), STATUS("500 Internal"), false},
          {WATCH_FROM("a%20b%26limit%3D1%23%0A%25"), OK_HEAD "x", false},
          {PATH "limit=500", LIST("8", "", ""), false},
          {WATCH_FROM("8"), OK_HEAD, true}},
         "begin synced begin synced "},
        {"one that is too long", NO_LIST(LIST(DIGITS_1024, "", ITEM("a"))), "begin +b synced "},
        {"the longest",
         {REFUSED_STREAM, {LIST_FROM("0"), LIST(DIGITS_512, "", ""), false}, {WATCH_FROM(DIGITS_512), OK_HEAD, true}},
         "begin synced "},
        {"an event with a version that is too long",
         {{STREAM_LIST, OK_HEAD END("5") EVENT("ADDED", "a", DIGITS_1024), false}, {WATCH_FROM("5"), OK_HEAD, true}},
         "begin synced +a "},
        /* What is no list. */
        {"an empty object", NO_LIST(LISTED("")), "begin +b synced "},
        {"a proxy's text", NO_LIST(LISTED("'error':'upstream'")), "begin +b synced "},
        {"a failure", NO_LIST(LISTED(LIST_KIND("Status") ",'status':'Failure'," LIST_META)), "begin +b synced "},
        {"a list of another kind", NO_LIST(LISTED(LIST_KIND("PodList") "," LIST_META ",'items':[" ITEM("a") "]")), "begin +b synced "},
        {"the same, with its items first", NO_LIST(LISTED("'items':[" ITEM("a") "]," LIST_META "," LIST_KIND("PodList"))),
         "begin +b synced "},
        {"a list without a version", NO_LIST(LISTED(LIST_KIND("ServiceList") ",'metadata':{},'items':[" ITEM("a") "]")),
         "begin +b synced "},
        {"a list without metadata", NO_LIST(LISTED(LIST_KIND("ServiceList") ",'items':[" ITEM("a") "]")), "begin +b synced "},
        {"a version that is a number", NO_LIST(LISTED(LIST_KIND("ServiceList") ",'metadata':{'resourceVersion':7},'items':[]")),
         "begin +b synced "},
        {"a list without kind", NO_LIST(LISTED(LIST_META ",'items':[" ITEM("a") "]")), "begin +b synced "},
        {"items that are an object", NO_LIST(LISTED(LIST_KIND("ServiceList") "," LIST_META ",'items':" ITEM("a"))), "begin +b synced "},
        {"members in another order",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LISTED("'items':[" ITEM("a") "," ITEM("b") "]," LIST_META "," LIST_KIND("ServiceList")), false},
          {WATCH_FROM("7"), OK_HEAD, true}},
         "begin +a +b synced "},
        {"items most of which are none",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LISTED(LIST_KIND("ServiceList") "," LIST_META ",'items':[null,7," ITEM("a") "]"), false},
          {WATCH_FROM("7"), OK_HEAD, false},
          {LIST_FROM("7"), LIST("8", "", ITEM("a")), false},
          {WATCH_FROM("8"), OK_HEAD, true}},
         "begin +a kept begin +a synced "},
        {"items of another kind within a list",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LISTED(LIST_KIND("ServiceList") "," LIST_META ",'items':[{" LIST_KIND("Pod") "," META("a", "1") "}]"), false},
          {WATCH_FROM("7"), OK_HEAD, true}},
         "begin kept "},
        {"half of them can be read",
         {REFUSED_STREAM,
          {LIST_FROM("0"), LISTED(LIST_KIND("ServiceList") "," LIST_META ",'items':[null," ITEM("a") "]"), false},
          {WATCH_FROM("7"), OK_HEAD, true}},
         "begin +a synced "},
        {"a streamed list most of which can't be read",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "1") EVENT("ADDED", "B", "1") EVENT("ADDED", "C", "1") END("5"), true}},
         "begin +a kept "},
        /* Lists without end. */
        {"too many objects",
         {{STREAM_LIST,
           OK_HEAD EVENT("ADDED", "a", "1") EVENT("ADDED", "B", "1") EVENT("ADDED", "b", "1") EVENT("ADDED", "c", "1")
                   EVENT("ADDED", "d", "1"),
           true},
          {STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "1") END("5"), true}},
         "begin +a synced "},
        {"no object for too long",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "a", "1") "  ", true}, {STREAM_LIST, OK_HEAD END("5"), true}},
         "begin synced "},
        {"an object that can't be read is left out",
         {{STREAM_LIST, OK_HEAD EVENT("ADDED", "A", "1") EVENT("ADDED", "b", "1") END("5"), true}},
         "begin +b synced "},
        {"one that can't be understood in all is there",
         {{STREAM_LIST,
           OK_HEAD EVENT("ADDED", "a", "1")
                   END("5") "{'type':'MODIFIED','object':{'kind':'Service','apiVersion':'v1',"
                            "'metadata':{'name':'a','namespace':'x','resourceVersion':'6'},'spec':{'ports':[{'port':70000}]}}}\n" EVENT(
                                    "ADDED", "b", "7"),
           true}},
         "begin +a synced +a +b "},
};

struct fixture {
	uv_loop_t loop;
	uv_timer_t patience;
	struct intern *pool;
	struct json_arena *arena;
	struct fake_server *server;
	struct reflector *reflector;
	struct api *api;
	const struct reflector_case *expected;
	size_t exchanges;
	bool swept;    /* since the last mark */
	bool changing; /* was said since the last list */
	char got[1024];
};

/* Ends the loop as soon as all was asked for and delivered. */
static void check_over(struct fixture *f)
{
	if (fake_server_requests(f->server) >= f->exchanges && strcmp(f->got, f->expected->want) == 0)
		uv_stop(&f->loop);
}

static void note(struct fixture *f, const char *sign, const char *name)
{
	size_t len = strlen(f->got);
	snprintf(f->got + len, sizeof f->got - len, "%s%s ", sign, name);
	check_over(f);
}

static void on_asked(void *arg)
{
	check_over(arg);
}

static void on_mark(void *arg, enum object_kind kind)
{
	struct fixture *f = arg;
	assert_int_equal(kind, OBJECT_SERVICE);
	f->swept = false;
	note(f, "begin", "");
}

static void on_sweep(void *arg, enum object_kind kind)
{
	struct fixture *f = arg;
	assert_int_equal(kind, OBJECT_SERVICE);
	f->swept = true;
}

/* It says so before, not after. */
static void on_changing(void *arg, const struct object *o)
{
	struct fixture *f = arg;
	(void)o;
	f->changing = true;
}

static void on_synced(void *arg, enum object_kind kind)
{
	struct fixture *f = arg;
	assert_int_equal(kind, OBJECT_SERVICE);
	f->changing = false;
	note(f, f->swept ? "synced" : "kept", "");
}

static enum err on_upsert(void *arg, struct object *o)
{
	struct fixture *f = arg;
	assert_string_equal(o->ns, "x");
	assert_true(f->changing);
	note(f, "+", o->name);
	object_free(o, f->pool);
	return OK;
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	assert_int_equal(kind, OBJECT_SERVICE);
	assert_true(((const struct fixture *)arg)->changing);
	assert_string_equal(ns, "x");
	note(arg, "-", name);
}

/* In these scripts what has come stays. */
static bool knows(void *arg, const struct object *o)
{
	const struct fixture *f = arg;
	char noted[64];
	snprintf(noted, sizeof noted, "+%s ", o->name);
	return strstr(f->got, noted);
}

/* Nothing here comes twice. */
static struct object_amount amount(void *arg, enum object_kind kind)
{
	const struct fixture *f = arg;
	struct object_amount sum = {0};
	(void)kind;
	for (const char *c = f->got; *c; c++)
		sum.objects += *c == '+';
	return sum;
}

static void on_patience_over(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static const struct reflector_limits quick = {
        .head = 1000,
        .list_silence = 1000,
        .watch_silence = 1000,
        .retry = {.min = 1, .network = 5, .server = 1000000, .refused = 1000000},
        .watch_min = 300000,
        .watch_max = 300000,
        .confirm_pause = 1,
        .list = {.quiet_ms = 800, .whole_ms = 10000, .objects = 4, .bytes = 100000},
};

static void fixture_start(struct fixture *f, const struct reflector_case *c, const struct reflector_limits *timing,
                          struct api_endpoint *endpoint)
{
	const struct object_sink sink = {on_upsert, on_gone, on_mark, on_sweep, knows, amount, f};
	const struct reflector_handlers handlers = {on_changing, on_synced, f};
	memset(f, 0, sizeof *f);
	uv_loop_init(&f->loop);
	f->expected = c;
	while (f->exchanges < SCRIPT_MAX && c->script[f->exchanges].target)
		f->exchanges++;
	f->server = fake_server_start(&f->loop, c->script, f->exchanges, on_asked, f);
	endpoint->url = malloc(64);
	snprintf(endpoint->url, 64, "http://127.0.0.1:%u", fake_server_port(f->server));
	f->pool = intern_new();
	f->arena = json_arena_new();
	f->api = api_new(&f->loop, endpoint);
	f->reflector = reflector_new(&f->loop, f->api, &resource_services, "", f->pool, f->arena, timing, &sink, &handlers);
	uv_timer_init(&f->loop, &f->patience);
	uv_timer_start(&f->patience, on_patience_over, PATIENCE_MS, 0);
}

static void fixture_stop(struct fixture *f, struct api_endpoint *endpoint)
{
	reflector_free(f->reflector);
	api_free(f->api);
	fake_server_stop(f->server);
	uv_close((uv_handle_t *)&f->patience, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	json_arena_free(f->arena);
	intern_free(f->pool);
	api_endpoint_clear(endpoint);
}

static void check_case(const struct reflector_case *c)
{
	struct fixture f;
	struct api_endpoint endpoint = {0};
	fixture_start(&f, c, &quick, &endpoint);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	if (strcmp(f.got, c->want) != 0 || fake_server_requests(f.server) < f.exchanges || fake_server_surprise(f.server))
		print_error("%s: after %zu requests\n", c->what, fake_server_requests(f.server));
	assert_string_equal(f.got, c->want);
	assert_true(fake_server_requests(f.server) >= f.exchanges);
	if (fake_server_surprise(f.server))
		fail_msg("%s", fake_server_surprise(f.server));
	fixture_stop(&f, &endpoint);
}

static void sequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_case(&cases[i]);
}

/* Octets of a list come one after the other, events of a watch when something happens: also where one response is both. */
static void a_watch_may_be_silent_for_longer_than_a_list(void **state)
{
	static const struct reflector_case c = {"silence", {{STREAM_LIST, OK_HEAD END("5"), true}}, "begin synced "};
	struct reflector_limits timing = quick;
	struct api_endpoint endpoint = {0};
	struct fixture f;
	(void)state;
	timing.list_silence = 30;
	timing.watch_silence = 10000000;
	fixture_start(&f, &c, &timing, &endpoint);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	uv_timer_start(&f.patience, on_patience_over, 10 * timing.list_silence, 0);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(fake_server_requests(f.server), 1);
	assert_string_equal(f.got, c.want);
	fixture_stop(&f, &endpoint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sequences),
	        cmocka_unit_test(a_watch_may_be_silent_for_longer_than_a_list),
	};
	json_arena_install();
	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
