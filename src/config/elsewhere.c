/* Directives that stand in Corefiles, and that headns has not got. */
#include "directives.h"
#include <string.h>

#define CLOUD                                                                                                                              \
	"CoreDNS reads another provider's zones with it; headns does not: let an AXFR or a zone file bring them, or forward to the "       \
	"provider"
#define EXTERNAL "it is an external plugin of CoreDNS, which neither CoreDNS's own builds nor headns have"

static const struct {
	const char *name, *what;
} known[] = {
        /* CoreDNS's own, to come */
        {"metadata", NULL},
        {"transfer", NULL},
        /* CoreDNS's own, and not ours */
        {"auto", "CoreDNS serves a folder of zone files with it; headns has no such thing: name each zone"},
        {"azure", CLOUD},
        {"clouddns", CLOUD},
        {"dnssec", "CoreDNS signs on the fly with it; headns does not sign"},
        {"dnstap", "CoreDNS sends what it hears and says to a collector with it; headns does not"},
        {"dynupdate", "CoreDNS takes dynamic updates with it; headns takes none"},
        {"erratic", "CoreDNS answers wrongly on purpose with it, for tests; headns does not"},
        {"etcd", "CoreDNS reads names from etcd with it; headns does not"},
        {"geoip", "CoreDNS looks up where clients are with it; headns does not"},
        {"grpc", "CoreDNS forwards over gRPC with it; headns does not"},
        {"grpc_server", "CoreDNS bounds its gRPC listeners with it; headns has none"},
        {"https", "CoreDNS bounds its HTTPS listeners with it; headns has none"},
        {"https3", "CoreDNS bounds its HTTP/3 listeners with it; headns has none"},
        {"nomad", "CoreDNS serves the services of a Nomad cluster with it; headns does not"},
        {"on", "CoreDNS runs commands with it when it starts or ends; headns runs none"},
        {"proxyproto", "CoreDNS takes clients' addresses from a proxy with it; headns does not"},
        {"quic", "CoreDNS bounds its QUIC listeners with it; headns has none"},
        {"route53", CLOUD},
        {"siit", "CoreDNS makes names for SIIT-DC addresses with it; headns does not"},
        {"sign", "CoreDNS signs zone files with it; headns does not sign"},
        /* what CoreDNS had once */
        {"federation", "CoreDNS has had none since 1.7, as Kubernetes has no federation any more: leave the line out"},
        {"proxy", "CoreDNS has had none since 1.5, but forward: write forward instead"},
        {"upstream", "CoreDNS has had no need of it since 1.3: leave the line out"},
        /* others' */
        {"ads", EXTERNAL},
        {"alias", EXTERNAL},
        {"alternate", EXTERNAL "; forward's next does what it does"},
        {"blocklist", EXTERNAL},
        {"demo", EXTERNAL},
        {"dump", EXTERNAL "; log does what it does"},
        {"ens", EXTERNAL},
        {"fanout", EXTERNAL "; it asks several upstreams at once"},
        {"filter", EXTERNAL},
        {"gslb", EXTERNAL},
        {"idetcd", EXTERNAL},
        {"ipecho", EXTERNAL},
        {"ipin", EXTERNAL},
        {"k8s_cache", EXTERNAL},
        {"k8s_crd", EXTERNAL},
        {"k8s_dns_chaos", EXTERNAL},
        {"k8s_event", EXTERNAL},
        {"k8s_gateway", EXTERNAL "; it serves the addresses of Ingresses and Gateways"},
        {"kubenodes", EXTERNAL "; it serves the addresses of Nodes"},
        {"kubernetai", EXTERNAL "; in headns each server block may have a kubernetes of its own cluster"},
        {"mdns", EXTERNAL},
        {"multicluster", EXTERNAL "; in CoreDNS 1.12 and in headns it is a line of kubernetes"},
        {"mysql", EXTERNAL},
        {"netbox", EXTERNAL},
        {"ocp_dnsnameresolver", "it is OpenShift's own plugin of CoreDNS, which headns has not got"},
        {"pdsql", EXTERNAL},
        {"ratelimit", EXTERNAL},
        {"records", EXTERNAL},
        {"recursor", EXTERNAL},
        {"redis", EXTERNAL},
        {"rrl", EXTERNAL "; it bounds answers to one client"},
        {"tailscale", EXTERNAL},
        {"unbound", EXTERNAL},
        {"wgsd", EXTERNAL},
};

bool directive_elsewhere(const char *name, const char **what)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].name, name) == 0) {
			*what = known[i].what;
			return true;
		}
	}
	return false;
}
