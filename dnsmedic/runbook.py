"""The runbook's steps, S01 to S47, in a few words each, and why some of them are no reading check (yet)."""

from __future__ import annotations

from collections.abc import Mapping

RUNBOOK = "https://repost.aws/knowledge-center/eks-dns-failure"

STEPS: Mapping[str, str] = {
    "S01": "the symptom: pods fail to resolve internal or external names",
    "S02": "pods use the ClusterIP of CoreDNS' Service as their name server",
    "S03": "CoreDNS pods sit behind the Service kube-dns",
    "S04": "the ClusterIP is what pods expect",
    "S05": "get the ClusterIP of kube-dns",
    "S06": "the endpoints are there and are the CoreDNS pods",
    "S07": "if there are none: the state of the CoreDNS pods",
    "S08": "no security group or network ACL blocks the pods",
    "S09": "the kube-proxy pods work",
    "S10": "kube-proxy's logs: time-outs to the control plane",
    "S11": "kube-proxy's logs: 403 errors",
    "S12": "kube-proxy's rules lead to the endpoints",
    "S13": "look from inside the application's pod",
    "S14": "an image without a shell",
    "S15": "the name server in resolv.conf is the ClusterIP",
    "S16": "the pod's dnsPolicy",
    "S17": "an internal name through the ClusterIP",
    "S18": "an external name through the ClusterIP",
    "S19": "both names directly at a CoreDNS pod",
    "S20": "switch CoreDNS' query log on",
    "S21": "the sample Corefile",
    "S22": "wait until the new Corefile runs",
    "S23": "read CoreDNS' logs",
    "S24": "nameserver, search and ndots",
    "S25": "the search list is tried first",
    "S26": "the log shows each search domain's NXDOMAIN",
    "S27": "what the return codes mean",
    "S28": "external names cost extra queries",
    "S29": "lower ndots",
    "S30": "use a trailing dot",
    "S31": "1024 packets a second per network interface",
    "S32": "spread CoreDNS over nodes",
    "S33": "capture packets",
    "S34": "find a node that runs CoreDNS",
    "S35": "sign in to the node and install tcpdump",
    "S36": "find the process of CoreDNS",
    "S37": "capture in the pod's network namespace",
    "S38": "get the addresses of the Service and the pods",
    "S39": "start a test pod",
    "S40": "query as applications do",
    "S41": "query the Service",
    "S42": "query each CoreDNS pod",
    "S43": "repeat, so that every CoreDNS pod has its turn",
    "S44": "time-outs, and the query never arrives: the network",
    "S45": "do the same for the other CoreDNS pods",
    "S46": "save the capture",
    "S47": "background reading",
}

CAPTURE = "comes with packet captures; until then the matrix tells where queries are lost (`dns-to-each-replica`)"
WITHOUT: Mapping[str, str] = {
    "S20": "it changes the cluster: comes with approved changes; where the log is on, `coredns-query-log` reads it",
    "S33": CAPTURE,
    "S35": "never: nodes are not signed in to, and nothing is installed on them",
    "S36": "not needed: probes and port-forward reach the pod itself",
    "S37": CAPTURE,
    "S46": CAPTURE,
    "S47": "nothing to check",
}
"""Steps that no check automates by name, and why."""
