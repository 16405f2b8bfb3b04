#include "kind.h"

const struct kind kinds[OBJECT_KINDS] = {
        [OBJECT_NAMESPACE] = {"v1", "Namespace", true, FORM_LABEL, sizeof(struct object), NULL, NULL},
        [OBJECT_NODE] = {"v1", "Node", true, FORM_SUBDOMAIN, sizeof(struct cluster_node), node_decode, NULL},
        [OBJECT_SERVICE] = {"v1", "Service", false, FORM_LABEL, sizeof(struct service), service_decode, service_clear},
        [OBJECT_POD] = {"v1", "Pod", false, FORM_SUBDOMAIN, sizeof(struct pod), pod_decode, pod_clear},
        [OBJECT_ENDPOINT_SLICE] = {"discovery.k8s.io/v1", "EndpointSlice", false, FORM_SUBDOMAIN, sizeof(struct endpoint_slice),
                                   endpoint_slice_decode, endpoint_slice_clear},
        [OBJECT_CONTROLLER_SLICE] = {"discovery.k8s.io/v1", "EndpointSlice", false, FORM_SUBDOMAIN, sizeof(struct endpoint_slice),
                                     endpoint_slice_decode, endpoint_slice_clear},
        [OBJECT_ENDPOINTS] = {"v1", "Endpoints", false, FORM_SUBDOMAIN, sizeof(struct endpoint_slice), endpoints_decode,
                              endpoint_slice_clear},
        [OBJECT_STATEFUL_SET] = {"apps/v1", "StatefulSet", false, FORM_SUBDOMAIN, sizeof(struct workload), workload_decode, workload_clear},
        [OBJECT_DEPLOYMENT] = {"apps/v1", "Deployment", false, FORM_SUBDOMAIN, sizeof(struct workload), workload_decode, workload_clear},
        [OBJECT_REPLICA_SET] = {"apps/v1", "ReplicaSet", false, FORM_SUBDOMAIN, sizeof(struct workload), workload_decode, workload_clear},
        [OBJECT_SERVICE_IMPORT] = {"multicluster.x-k8s.io/v1beta1", "ServiceImport", false, FORM_LABEL, sizeof(struct service),
                                   service_import_decode, service_clear},
        [OBJECT_DAEMON_SET] = {"apps/v1", "DaemonSet", false, FORM_SUBDOMAIN, sizeof(struct workload), workload_decode, workload_clear},
        [OBJECT_JOB] = {"batch/v1", "Job", false, FORM_SUBDOMAIN, sizeof(struct workload), workload_decode, workload_clear},
        [OBJECT_REPLICATION_CONTROLLER] = {"v1", "ReplicationController", false, FORM_SUBDOMAIN, sizeof(struct workload), workload_decode,
                                           workload_clear},
};
