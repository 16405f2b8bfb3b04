/* Which records a question gets: the Kubernetes DNS specification 1.1.0 and what surrounds it, as a table over one small cluster. */
#include "ask.h"
#include "base/hash.h"
#include "unit.h"
#include "world.h"
#include <stdio.h>

#define SOA      "cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"
#define SOA_0    "cluster.local. 0 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"
#define NXDOMAIN "NXDOMAIN aa rd; " SOA
#define NODATA   "NOERROR aa rd; " SOA
#define PASSING  "NXDOMAIN aa rd; " SOA_0
#define SOA4     "in-addr.arpa. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"
#define SOA6     "ip6.arpa. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"

static const char cluster[] = "ns default\n"
                              "ns kube-system\n"
                              "ns empty\n"
                              "svc kube-system/kube-dns ip=10.0.0.10 port=dns:53/UDP port=dns-tcp:53/TCP port=metrics:9153/TCP\n"
                              "ep 10.244.0.2 port=dns:53/UDP port=dns-tcp:53/TCP port=metrics:9153/TCP\n"
                              "svc default/one ip=10.0.0.1 port=:443/TCP\n"
                              "svc default/dual ip=10.0.0.2 ip=fd00:10::2 port=web:80/TCP port=:81/TCP\n"
                              "ep 10.244.3.1,fd00:244::1 host=pod-a port=web:8080/TCP\n"
                              "ep 10.244.3.2,fd00:244:: port=web:8081/TCP\n"
                              "svc default/six ip=fd00:10::6\n"
                              "svc default/1-2-3-4 ip=10.0.0.4\n"
                              "svc default/nginx headless\n"
                              "ep 10.244.1.7 host=web-0 port=web:80/TCP\n"
                              "ep 10.244.2.7 host=web-1 port=web:80/TCP\n"
                              "ep 10.244.1.8 host=web-2 port=web:80/TCP notready\n"
                              "ep 10.244.1.9 host=web-3 port=web:80/TCP terminating\n"
                              "ep 10.244.1.20 port=web:80/TCP\n"
                              "svc default/twoports headless\n"
                              "ep 10.244.4.1,fd00:244:4::1 host=a port=web:80/TCP port=dns:53/UDP\n"
                              "ep 10.244.4.2 host=b port=web:8080/TCP port=:99/SCTP\n"
                              "svc default/portless headless\n"
                              "ep 10.244.5.1 host=a\n"
                              "svc default/shared headless\n" /* one hostname for two endpoints, one address for two hostnames */
                              "ep 10.244.6.1 host=a port=web:80/TCP\n"
                              "ep 10.244.6.2 host=a port=web:80/TCP\n"
                              "ep 10.244.6.2 host=b port=web:80/TCP\n"
                              "svc default/pending headless\n"
                              "ep 10.244.7.1 host=p-0 port=web:80/TCP notready\n"
                              "ep 10.244.7.2 port=web:80/TCP terminating\n"
                              "svc default/leaving headless\n"
                              "ep 10.244.7.3 host=l-0 port=web:80/TCP terminating\n"
                              "svc default/nobody headless\n"
                              "svc default/idle ip=10.0.0.9 port=web:80/TCP\n"
                              "ep 10.244.7.4 host=i-0 port=web:80/TCP notready\n"
                              "svc default/outside external=www.Example.COM\n"
                              "svc default/inside external=Nginx.default.svc.Cluster.local.\n"
                              "svc default/twice external=inside.default.svc.cluster.local\n"
                              "svc default/dangling external=nowhere.default.svc.cluster.local\n"
                              "svc default/topending external=p-0.pending.default.svc.cluster.local\n"
                              "svc default/loop external=pool.default.svc.cluster.local\n"
                              "svc default/pool external=loop.default.svc.cluster.local\n"
                              "svc default/self external=self.default.svc.cluster.local\n"
                              "svc default/literal external=10.9.8.7\n"
                              "svc default/literal6 external=fd00::1\n"
                              "svc default/nothing external=..\n"
                              "svc default/toptr external=7.1.244.10.in-addr.arpa\n"
                              "svc ghost/web ip=10.0.0.66\n" /* its namespace is no object */
                              "svc default/also headless\n"
                              "ep 10.244.1.7 host=other port=web:80/TCP\n"
                              "svc default/front ip=10.244.3.1\n" /* a ClusterIP that is an endpoint's address elsewhere */
                              "svc default/Mixed headless\n"
                              "ep 10.244.8.1 host=Pod-A port=Web:80/TCP\n";

static const struct {
	const char *what, *ask, *want;
} cases[] = {
        /* ClusterIP Services */
        {"ClusterIP", "kube-dns.kube-system.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.10"},
        {"the question's case comes back", "KUBE-dns.kube-SYSTEM.svc.cluster.LOCAL A", "NOERROR aa rd: 30 A 10.0.0.10"},
        {"no address of that family", "kube-dns.kube-system.svc.cluster.local AAAA", NODATA},
        {"dual stack, IPv4", "dual.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.2"},
        {"dual stack, IPv6", "dual.default.svc.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00:10::2"},
        {"IPv6 only", "six.default.svc.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00:10::6"},
        {"IPv6 only has no A", "six.default.svc.cluster.local A", NODATA},
        {"a name that looks like an address", "1-2-3-4.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.4"},
        {"no such Service", "nope.default.svc.cluster.local A", NXDOMAIN},
        {"no such namespace", "kube-dns.nope.svc.cluster.local A", NXDOMAIN},
        {"namespace that is no object", "web.ghost.svc.cluster.local A", NXDOMAIN},
        {"type not there", "kube-dns.kube-system.svc.cluster.local MX", NODATA},
        {"TXT not there", "kube-dns.kube-system.svc.cluster.local TXT", NODATA},
        {"type nobody knows", "kube-dns.kube-system.svc.cluster.local 65280", NODATA},
        {"type 0", "kube-dns.kube-system.svc.cluster.local 0", NODATA},
        {"HTTPS", "kube-dns.kube-system.svc.cluster.local HTTPS", NODATA},
        {"NS below the apex", "kube-dns.kube-system.svc.cluster.local NS", NODATA},
        {"SOA below the apex", "kube-dns.kube-system.svc.cluster.local SOA", NODATA},
        {"SOA of an absent name", "nope.default.svc.cluster.local SOA", NXDOMAIN},
        {"ANY", "kube-dns.kube-system.svc.cluster.local ANY", "NOERROR aa rd: 30 HINFO \"RFC8482\" \"\""},
        {"ANY of an absent name", "nope.default.svc.cluster.local ANY", NXDOMAIN},
        {"SRV of a port", "_dns._udp.kube-dns.kube-system.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 100 53 kube-dns.kube-system.svc.cluster.local. + kube-dns.kube-system.svc.cluster.local. 30 A 10.0.0.10"},
        {"SRV: zone's labels as asked, object's case", "_DNS._UDP.Kube-DNS.kube-system.svc.Cluster.Local SRV",
         "NOERROR aa rd: 30 SRV 0 100 53 kube-dns.kube-system.svc.Cluster.Local. + kube-dns.kube-system.svc.Cluster.Local. 30 A 10.0.0.10"},
        {"SRV of the bare name: every port, equal ones once", "kube-dns.kube-system.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 33 53 kube-dns.kube-system.svc.cluster.local., "
         "30 SRV 0 33 9153 kube-dns.kube-system.svc.cluster.local. + kube-dns.kube-system.svc.cluster.local. 30 A 10.0.0.10"},
        {"SRV of the bare name: the unnamed port", "one.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 100 443 one.default.svc.cluster.local. + one.default.svc.cluster.local. 30 A 10.0.0.1"},
        {"an unnamed port has no name", "_tcp.one.default.svc.cluster.local SRV", NXDOMAIN},
        {"SRV dual stack: weight counts addresses", "_web._tcp.dual.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 50 80 dual.default.svc.cluster.local. + dual.default.svc.cluster.local. 30 A 10.0.0.2, "
         "dual.default.svc.cluster.local. 30 AAAA fd00:10::2"},
        {"unknown port", "_nope._tcp.kube-dns.kube-system.svc.cluster.local SRV", NXDOMAIN},
        {"port of another protocol", "_dns._tcp.kube-dns.kube-system.svc.cluster.local SRV", NXDOMAIN},
        {"underscores are not optional", "dns.udp.kube-dns.kube-system.svc.cluster.local SRV", NXDOMAIN},
        {"A of a port's name", "_dns._udp.kube-dns.kube-system.svc.cluster.local A", NODATA},
        {"_proto is an empty non-terminal", "_udp.kube-dns.kube-system.svc.cluster.local SRV", NODATA},
        {"_proto of no port", "_sctp.kube-dns.kube-system.svc.cluster.local SRV", NXDOMAIN},
        {"SRV of a Service without ports", "six.default.svc.cluster.local SRV", NODATA},
        {"endpoint by hostname", "pod-a.dual.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.3.1"},
        {"endpoint by hostname, IPv6", "pod-a.dual.default.svc.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00:244::1"},
        {"endpoint by dashed address", "10-244-3-2.dual.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.3.2"},
        {"each dashed name has its own address only", "10-244-3-2.dual.default.svc.cluster.local AAAA", NODATA},
        {"dashed IPv6 that ends in a dash gets a 0", "fd00-244--0.dual.default.svc.cluster.local AAAA",
         "NOERROR aa rd: 30 AAAA fd00:244::"},
        {"with a hostname no dashed name", "10-244-3-1.dual.default.svc.cluster.local A", NXDOMAIN},
        {"SRV of an endpoint", "10-244-3-2.dual.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 100 8081 10-244-3-2.dual.default.svc.cluster.local. + 10-244-3-2.dual.default.svc.cluster.local. 30 A "
         "10.244.3.2"},
        {"SRV of a dual-stack endpoint", "pod-a.dual.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 50 8080 pod-a.dual.default.svc.cluster.local. + "
         "pod-a.dual.default.svc.cluster.local. 30 A 10.244.3.1, pod-a.dual.default.svc.cluster.local. 30 AAAA fd00:244::1"},
        {"ports of endpoints are no names of a ClusterIP Service", "_web._tcp.pod-a.dual.default.svc.cluster.local SRV", NXDOMAIN},
        {"a ClusterIP Service without ready endpoints", "idle.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.0.0.9"},
        {"its endpoint that is not ready", "i-0.idle.default.svc.cluster.local A", PASSING},

        /* headless Services */
        {"headless: the ready ones", "nginx.default.svc.cluster.local A",
         "NOERROR aa rd: 30 A 10.244.1.7, 30 A 10.244.2.7, 30 A 10.244.1.20"},
        {"headless, other family", "nginx.default.svc.cluster.local AAAA", NODATA},
        {"pod by hostname", "web-0.nginx.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.7"},
        {"pod in capitals", "WEB-1.Nginx.Default.SVC.Cluster.Local A", "NOERROR aa rd: 30 A 10.244.2.7"},
        {"object in capitals", "pod-a.mixed.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.8.1"},
        {"object in capitals: its case in targets", "_web._tcp.mixed.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 100 80 Pod-A.Mixed.default.svc.cluster.local. + Pod-A.Mixed.default.svc.cluster.local. 30 A 10.244.8.1"},
        {"no such pod", "web-9.nginx.default.svc.cluster.local A", NXDOMAIN},
        {"pod not ready", "web-2.nginx.default.svc.cluster.local A", PASSING},
        {"pod going", "web-3.nginx.default.svc.cluster.local A", PASSING},
        {"pod not ready, any type", "web-2.nginx.default.svc.cluster.local ANY", PASSING},
        {"pod without hostname", "10-244-1-20.nginx.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.1.20"},
        {"too many labels", "x.web-0.nginx.default.svc.cluster.local A", NXDOMAIN},
        {"headless SRV", "_web._tcp.nginx.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 33 80 web-0.nginx.default.svc.cluster.local., 30 SRV 0 33 80 web-1.nginx.default.svc.cluster.local., "
         "30 SRV 0 33 80 10-244-1-20.nginx.default.svc.cluster.local. + web-0.nginx.default.svc.cluster.local. 30 A 10.244.1.7, "
         "web-1.nginx.default.svc.cluster.local. 30 A 10.244.2.7, 10-244-1-20.nginx.default.svc.cluster.local. 30 A 10.244.1.20"},
        {"SRV of the bare name: weights count addresses times ports", "twoports.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 16 80 a.twoports.default.svc.cluster.local., 30 SRV 0 16 53 a.twoports.default.svc.cluster.local., "
         "30 SRV 0 16 8080 b.twoports.default.svc.cluster.local., 30 SRV 0 16 99 b.twoports.default.svc.cluster.local. + "
         "a.twoports.default.svc.cluster.local. 30 A 10.244.4.1, a.twoports.default.svc.cluster.local. 30 AAAA fd00:244:4::1, "
         "b.twoports.default.svc.cluster.local. 30 A 10.244.4.2"},
        {"SRV: the port of each endpoint", "_web._tcp.twoports.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 33 80 a.twoports.default.svc.cluster.local., 30 SRV 0 33 8080 b.twoports.default.svc.cluster.local. + "
         "a.twoports.default.svc.cluster.local. 30 A 10.244.4.1, a.twoports.default.svc.cluster.local. 30 AAAA fd00:244:4::1, "
         "b.twoports.default.svc.cluster.local. 30 A 10.244.4.2"},
        {"an endpoint's unnamed port", "_sctp.twoports.default.svc.cluster.local SRV", NXDOMAIN},
        {"one family of one endpoint", "twoports.default.svc.cluster.local AAAA", "NOERROR aa rd: 30 AAAA fd00:244:4::1"},
        {"without ports: A", "portless.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.5.1"},
        {"without ports: SRV", "portless.default.svc.cluster.local SRV", NODATA},
        {"several endpoints of one hostname", "a.shared.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.6.1, 30 A 10.244.6.2"},
        {"an address of two hostnames", "b.shared.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.6.2"},
        {"each address once", "shared.default.svc.cluster.local A", "NOERROR aa rd: 30 A 10.244.6.1, 30 A 10.244.6.2"},
        {"each target once, weights of all", "_web._tcp.shared.default.svc.cluster.local SRV",
         "NOERROR aa rd: 30 SRV 0 33 80 a.shared.default.svc.cluster.local., 30 SRV 0 33 80 b.shared.default.svc.cluster.local. + "
         "a.shared.default.svc.cluster.local. 30 A 10.244.6.1, a.shared.default.svc.cluster.local. 30 A 10.244.6.2, "
         "b.shared.default.svc.cluster.local. 30 A 10.244.6.2"},
        {"none ready", "pending.default.svc.cluster.local A", PASSING},
        {"none ready, any type", "pending.default.svc.cluster.local MX", PASSING},
        {"none ready: its pods", "p-0.pending.default.svc.cluster.local A", PASSING},
        {"none ready: its ports", "_web._tcp.pending.default.svc.cluster.local SRV", PASSING},
        {"all going", "leaving.default.svc.cluster.local A", PASSING},
        {"no endpoints", "nobody.default.svc.cluster.local A", NXDOMAIN},

        /* ExternalName */
        {"outside", "outside.default.svc.cluster.local A", "NOERROR aa rd: 30 CNAME www.Example.COM."},
        {"outside, CNAME asked", "outside.default.svc.cluster.local CNAME", "NOERROR aa rd: 30 CNAME www.Example.COM."},
        {"outside, another type", "outside.default.svc.cluster.local MX", "NOERROR aa rd: 30 CNAME www.Example.COM."},
        {"inside", "inside.default.svc.cluster.local A",
         "NOERROR aa rd: 30 CNAME Nginx.default.svc.Cluster.local., Nginx.default.svc.Cluster.local. 30 A 10.244.1.7, "
         "Nginx.default.svc.Cluster.local. 30 A 10.244.2.7, Nginx.default.svc.Cluster.local. 30 A 10.244.1.20"},
        {"inside, CNAME asked", "inside.default.svc.cluster.local CNAME", "NOERROR aa rd: 30 CNAME Nginx.default.svc.Cluster.local."},
        {"inside, NODATA", "inside.default.svc.cluster.local AAAA",
         "NOERROR aa rd: 30 CNAME Nginx.default.svc.Cluster.local.; Cluster.local. 5 SOA ns.dns.Cluster.local. hostmaster.Cluster.local. "
         "7200 1800 86400 30"},
        {"two links", "twice.default.svc.cluster.local ANY",
         "NOERROR aa rd: 30 CNAME inside.default.svc.cluster.local., inside.default.svc.cluster.local. 30 CNAME "
         "Nginx.default.svc.Cluster.local., "
         "Nginx.default.svc.Cluster.local. 30 HINFO \"RFC8482\" \"\""},
        {"target missing: the rcode of the last name", "dangling.default.svc.cluster.local A",
         "NXDOMAIN aa rd: 30 CNAME nowhere.default.svc.cluster.local.; " SOA},
        {"target not ready", "topending.default.svc.cluster.local A",
         "NXDOMAIN aa rd: 30 CNAME p-0.pending.default.svc.cluster.local.; " SOA_0},
        {"loop of two", "loop.default.svc.cluster.local A",
         "NOERROR aa rd: 30 CNAME pool.default.svc.cluster.local., pool.default.svc.cluster.local. 30 CNAME "
         "loop.default.svc.cluster.local."},
        {"loop of one", "self.default.svc.cluster.local A", "NOERROR aa rd: 30 CNAME self.default.svc.cluster.local."},
        {"below an ExternalName", "_x._tcp.outside.default.svc.cluster.local SRV", NXDOMAIN},
        {"an address as target", "literal.default.svc.cluster.local A", NXDOMAIN},
        {"an IPv6 address as target", "literal6.default.svc.cluster.local AAAA", NXDOMAIN},
        {"no name as target", "nothing.default.svc.cluster.local A", NXDOMAIN},
        {"a reverse name as target", "toptr.default.svc.cluster.local PTR",
         "NOERROR aa rd: 30 CNAME 7.1.244.10.in-addr.arpa., 7.1.244.10.in-addr.arpa. 30 PTR other.also.default.svc.cluster.local., "
         "7.1.244.10.in-addr.arpa. 30 PTR web-0.nginx.default.svc.cluster.local."},

        /* what stands beside the Services */
        {"apex", "cluster.local A", NODATA},
        {"apex SOA", "Cluster.local SOA", "NOERROR aa rd: 30 SOA ns.dns.Cluster.local. hostmaster.Cluster.local. 7200 1800 86400 30"},
        {"apex NS", "cluster.local NS", "NOERROR aa rd: 30 NS ns.dns.cluster.local."},
        {"apex ANY", "cluster.local ANY", "NOERROR aa rd: 30 HINFO \"RFC8482\" \"\""},
        {"svc", "svc.cluster.local A", NODATA},
        {"svc TXT", "svc.cluster.local TXT", NODATA},
        {"namespace", "default.svc.cluster.local A", NODATA},
        {"namespace without Services", "empty.svc.cluster.local SRV", NODATA},
        {"no such namespace", "nope.svc.cluster.local A", NXDOMAIN},
        {"namespace of a Service only", "ghost.svc.cluster.local A", NXDOMAIN},
        {"pod", "pod.cluster.local A", NODATA},
        {"namespace of pods", "default.pod.cluster.local A", NXDOMAIN},
        {"pod by address", "10-244-1-7.default.pod.cluster.local A", NXDOMAIN},
        {"dns", "dns.cluster.local A", NODATA},
        {"ns.dns without addresses", "ns.dns.cluster.local A", NODATA},
        {"version", "dns-version.cluster.local TXT", "NOERROR aa rd: 28800 TXT \"1.1.0\""},
        {"version has no A", "dns-version.cluster.local A", NODATA},
        {"below the version", "x.dns-version.cluster.local TXT", NXDOMAIN},
        {"no such name", "nope.cluster.local A", NXDOMAIN},
        {"svc in the wrong place", "svc.svc.cluster.local A", NXDOMAIN},

        /* reverse */
        {"ClusterIP", "10.0.0.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR kube-dns.kube-system.svc.cluster.local."},
        {"ClusterIP in capitals", "10.0.0.10.IN-ADDR.Arpa PTR", "NOERROR aa rd: 30 PTR kube-dns.kube-system.svc.cluster.local."},
        {"IPv6 ClusterIP", "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.d.f.ip6.arpa PTR",
         "NOERROR aa rd: 30 PTR dual.default.svc.cluster.local."},
        {"endpoint", "7.2.244.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR web-1.nginx.default.svc.cluster.local."},
        {"endpoint without hostname", "20.1.244.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR 10-244-1-20.nginx.default.svc.cluster.local."},
        {"endpoint of two Services", "7.1.244.10.in-addr.arpa PTR",
         "NOERROR aa rd: 30 PTR other.also.default.svc.cluster.local., 30 PTR web-0.nginx.default.svc.cluster.local."},
        {"two hostnames in one Service: the first", "2.6.244.10.in-addr.arpa PTR",
         "NOERROR aa rd: 30 PTR a.shared.default.svc.cluster.local."},
        {"a ClusterIP wins over endpoints", "1.3.244.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR front.default.svc.cluster.local."},
        {"IPv6 endpoint", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.0.d.f.ip6.arpa PTR",
         "NOERROR aa rd: 30 PTR pod-a.dual.default.svc.cluster.local."},
        {"namespaces do not matter", "66.0.0.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR web.ghost.svc.cluster.local."},
        {"not ready", "8.1.244.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"unknown address", "1.1.1.1.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"unknown IPv6 address", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa PTR", "NXDOMAIN aa rd; " SOA6},
        {"another type", "7.2.244.10.in-addr.arpa A", "NOERROR aa rd; " SOA4},
        {"ANY", "7.2.244.10.in-addr.arpa ANY", "NOERROR aa rd: 30 HINFO \"RFC8482\" \"\""},
        {"empty non-terminal, 8 bits", "10.in-addr.arpa PTR", "NOERROR aa rd; " SOA4},
        {"empty non-terminal, 16 bits", "244.10.in-addr.arpa A", "NOERROR aa rd; " SOA4},
        {"empty non-terminal, 24 bits", "2.244.10.in-addr.arpa PTR", "NOERROR aa rd; " SOA4},
        {"nothing below, 8 bits", "11.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"nothing below, 24 bits", "9.244.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"empty non-terminal, odd nibbles", "0.d.f.ip6.arpa PTR", "NOERROR aa rd; " SOA6},
        {"empty non-terminal, even nibbles", "0.0.d.f.ip6.arpa PTR", "NOERROR aa rd; " SOA6},
        {"nothing below, nibbles", "1.d.f.ip6.arpa PTR", "NXDOMAIN aa rd; " SOA6},
        {"not a decimal", "x.0.0.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"a leading zero", "010.0.0.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"beyond 255", "266.0.0.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"a label too many", "1.10.0.0.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA4},
        {"two nibbles in one label", "fd.ip6.arpa PTR", "NXDOMAIN aa rd; " SOA6},
        {"33 nibbles", "1.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.d.f.ip6.arpa PTR", "NXDOMAIN aa rd; " SOA6},
        {"reverse apex", "in-addr.arpa A", "NOERROR aa rd; " SOA4},
        {"reverse apex SOA", "in-addr.arpa SOA",
         "NOERROR aa rd: 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"},
        {"reverse apex NS", "ip6.arpa NS", "NOERROR aa rd: 30 NS ns.dns.cluster.local."},

        /* not ours */
        {"no zone of ours", "example.com A", "REFUSED rd"},
        {"the root", ". NS", "REFUSED rd"},
        {"above the zone", "local SOA", "REFUSED rd"},
        {"a name that only ends alike", "xcluster.local A", "REFUSED rd"},
        {"class CH", "cluster.local TXT class=3", "REFUSED rd"},
        {"class ANY", "kube-dns.kube-system.svc.cluster.local A class=255", "REFUSED rd"},
        {"AXFR", "cluster.local AXFR", "REFUSED rd"},
        {"IXFR", "cluster.local IXFR", "REFUSED rd"},

        /* messages */
        {"RD is copied", "one.default.svc.cluster.local A norec", "NOERROR aa: 30 A 10.0.0.1"},
        {"EDNS", "one.default.svc.cluster.local A edns=1232", "NOERROR aa rd: 30 A 10.0.0.1 + edns"},
        {"DO", "one.default.svc.cluster.local A do", "NOERROR aa rd: 30 A 10.0.0.1 + edns-do"},
        {"EDNS with a negative answer", "nope.default.svc.cluster.local A edns=512", NXDOMAIN " + edns"},
        {"EDNS refused", "example.com A do", "REFUSED rd + edns-do"},
        {"EDNS version", "one.default.svc.cluster.local A version=1", "NOERROR rd + edns-badvers"},
        {"opcode", "one.default.svc.cluster.local A opcode=4", "NOTIMP rd"},
};

static struct zone *zone;

static int setup(void **state)
{
	(void)state;
	zone = world_zone();
	return zone && world_apply(zone, cluster) == OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rcu_free_all();
	zone_free(zone);
	return 0;
}

static void test_records(void **state)
{
	struct query_policy policy = {.zone = zone};
	unsigned wrong = 0;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char tcp[512];
		snprintf(tcp, sizeof tcp, "tcp %s", cases[i].ask);
		wrong += !ask_wants(&policy, cases[i].what, cases[i].ask, cases[i].want);
		wrong += !ask_wants(&policy, cases[i].what, tcp, cases[i].want);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_records)};
	int failed = cmocka_run_group_tests(tests, setup, teardown);
	rcu_thread_end();
	return failed;
}
