"""What is said of a layer: in words, the cheapest next test, and the steps that look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .localise import Layer


@dataclass(frozen=True, slots=True)
class Advice:
    """points: where the symptom points. test: the cheapest next test. checks: steps that would tell more."""

    points: str
    test: str
    checks: tuple[str, ...] = ()


ADVICE: Mapping[Layer, Advice] = {
    Layer.CLIENT: Advice(
        "what pods are given as resolv.conf, or the resolver in their image",
        "compare /etc/resolv.conf of such a pod with `kubectl -n kube-system get service kube-dns`",
        ("kubelet-cluster-dns", "pod-dns-settings", "resolv-conf", "client-libraries"),
    ),
    Layer.LOST: Advice(
        "packets that the node loses, for instance in its connection tracking",
        "read `conntrack -S` on such a node twice and see whether insert_failed or drop grows",
        ("node-events", "node-connections"),
    ),
    Layer.RULES: Advice(
        "kube-proxy's rules on these nodes: the CoreDNS pods themselves answer from there",
        "restart the kube-proxy pod of one such node and ask again",
        ("kube-proxy-pods", "kube-proxy-log", "kube-proxy-mode"),
    ),
    Layer.SERVICE: Advice(
        "the Service kube-dns, its endpoints, or kube-proxy on every node",
        "compare `kubectl -n kube-system get endpointslices -l kubernetes.io/service-name=kube-dns` with the pods' addresses",
        ("kube-dns-service", "kube-dns-endpoints", "kube-proxy-log", "kube-proxy-pods"),
    ),
    Layer.NOBODY: Advice(
        "the CoreDNS pods: nobody listens behind the Service",
        "see why they do not run: `kubectl -n kube-system describe pods -l k8s-app=kube-dns`",
        ("coredns-workload", "kube-dns-endpoints"),
    ),
    Layer.NETWORK: Advice(
        "the network between these nodes and CoreDNS (security groups, network ACLs, network policies, routes)",
        "compare security groups and subnet of such a node with those of one that gets answers",
        ("security-groups", "network-acls", "network-policies"),
    ),
    Layer.NODE: Advice(
        "the node itself: what it sends, or what comes back to it, gets lost there",
        "list the firewall rules of that node (iptables-save, nft list ruleset) and its connection table, or replace it",
        ("node-events", "node-connections"),
    ),
    Layer.POLICY: Advice(
        "a network policy on the CoreDNS pods: they work, and nobody reaches them",
        "list the policies that select them: `kubectl -n kube-system get networkpolicies`",
        ("network-policies", "security-groups", "network-acls"),
    ),
    Layer.POD: Advice(
        "what this pod may send (a network policy or a security group of its own): its node gets answers",
        "list the network policies of its namespace, and its annotation vpc.amazonaws.com/pod-eni",
        ("network-policies", "pod-security-groups"),
    ),
    Layer.REPLICA: Advice(
        "one CoreDNS pod, or an endpoint of kube-dns that is no CoreDNS pod",
        "read that pod's log, and delete it so that it is made anew",
        ("kube-dns-endpoints", "coredns-errors", "coredns-workload"),
    ),
    Layer.TCP: Advice(
        "DNS over TCP alone: large answers fail",
        "see that TCP 53 is open wherever UDP 53 is (security groups, network ACLs, policies, the Service)",
        ("security-groups", "network-acls", "network-policies", "kube-dns-service"),
    ),
    Layer.COREDNS: Advice(
        "CoreDNS itself",
        "read its log: `kubectl -n kube-system logs -l k8s-app=kube-dns --tail=100`",
        ("coredns-errors", "coredns-workload", "corefile"),
    ),
    Layer.UPSTREAM: Advice(
        "the name servers that CoreDNS forwards to, or the way there",
        "ask them from a node that runs CoreDNS, several times in a row",
        ("upstream", "vpc-dns", "dhcp-options", "packet-budget", "resolver-rules"),
    ),
    Layer.NAME: Advice(
        "this one name: the other names are answered on the same ways",
        "ask the name's own servers, or look for its Service, its record and its zone",
        ("asked-name", "asked-sources", "private-zones", "resolver-rules", "stub-domains"),
    ),
    Layer.RECORDS: Advice(
        "CoreDNS' copy of the cluster's records: it may not read them, or gets no connection to the API server",
        "look for `plugin/kubernetes` in the log of that CoreDNS pod",
        ("coredns-access", "coredns-errors", "coredns-freshness"),
    ),
    Layer.ZONE: Advice(
        "the cluster's zone in the Corefile: CoreDNS says that its own names do not exist",
        "see that the Corefile has `kubernetes` for the cluster's domain, and no `namespaces` that leaves some out",
        ("corefile", "corefile-running"),
    ),
    Layer.REFUSAL: Advice(
        "a limit of CoreDNS, an `acl` in its Corefile, or a name for which that has no server",
        "look for `concurrent queries exceeded maximum` in CoreDNS' log, and for `acl` and `forward` in the Corefile",
        ("corefile", "coredns-errors", "coredns-metrics"),
    ),
    Layer.ANSWER: Advice(
        "who answers in place of the right source: a search domain, a plugin of the Corefile, an old cache entry",
        "ask the same name with a dot at its end of each CoreDNS pod and of the servers behind it",
        ("search-domains", "asked-sources", "corefile"),
    ),
    Layer.NODE_LOCAL: Advice(
        "NodeLocal DNSCache on the node",
        "look at the node-local-dns pod of that node and its log",
        ("deployment-mode",),
    ),
}
