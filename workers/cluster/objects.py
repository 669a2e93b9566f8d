"""The fields of Kubernetes objects that the checks use, and nothing else: the types are the filter.

A well-formed answer is decoded straight into these types by msgspec. One with nulls or values of another type than
Kubernetes promises is mended first (nulls dropped, what does not fit left out), so that an odd object is never a crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound="Object")


class Struct(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A piece of an object; every field has a default. None holds itself, so the garbage collector need not look."""


class OwnerReference(Struct, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""
    uid: str = ""


class ManagedFields(Struct, frozen=True, kw_only=True):
    manager: str = ""
    operation: str = ""
    time: str = ""
    fields_v1: dict[str, Any] = msgspec.field(default_factory=dict, name="fieldsV1")


class Meta(Struct, frozen=True, kw_only=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()


class OwnedMeta(Meta, frozen=True, kw_only=True):
    managed_fields: tuple[ManagedFields, ...] = ()
    """Who set which field and when: read only where it is asked about, since it is most of an object's bytes."""


class Object(Struct, frozen=True, kw_only=True):
    metadata: Meta = Meta()

    @property
    def name(self) -> str:
        """The object's name."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """The object's namespace, empty for objects of the cluster."""
        return self.metadata.namespace


# Pods


class ContainerPort(Struct, frozen=True, kw_only=True):
    name: str = ""
    container_port: int = 0
    protocol: str = "TCP"


class HttpGet(Struct, frozen=True, kw_only=True):
    path: str = ""
    port: int | str = 0


class Probe(Struct, frozen=True, kw_only=True):
    http_get: HttpGet | None = None
    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    failure_threshold: int = 3


class EnvVar(Struct, frozen=True, kw_only=True):
    name: str = ""
    value: str = ""


class Resources(Struct, frozen=True, kw_only=True):
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}


class SecurityContext(Struct, frozen=True, kw_only=True):
    run_as_user: int | None = None
    run_as_non_root: bool | None = None


class Container(Struct, frozen=True, kw_only=True):
    name: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    resources: Resources = Resources()
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    security_context: SecurityContext | None = None


class DnsOption(Struct, frozen=True, kw_only=True):
    name: str = ""
    value: str = ""


class DnsConfig(Struct, frozen=True, kw_only=True):
    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[DnsOption, ...] = ()


class Toleration(Struct, frozen=True, kw_only=True):
    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class PodSpec(Struct, frozen=True, kw_only=True):
    node_name: str = ""
    dns_policy: str = ""
    dns_config: DnsConfig | None = None
    host_network: bool = False
    service_account_name: str = ""
    subdomain: str = ""
    hostname: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    ephemeral_containers: tuple[Container, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    node_selector: dict[str, str] = {}
    affinity: dict[str, Any] = {}
    topology_spread_constraints: tuple[dict[str, Any], ...] = ()
    security_context: SecurityContext | None = None


class Terminated(Struct, frozen=True, kw_only=True):
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    signal: int = 0
    started_at: str = ""
    finished_at: str = ""


class Waiting(Struct, frozen=True, kw_only=True):
    reason: str = ""
    message: str = ""


class Running(Struct, frozen=True, kw_only=True):
    started_at: str = ""


class ContainerState(Struct, frozen=True, kw_only=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct, frozen=True, kw_only=True):
    name: str = ""
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class Condition(Struct, frozen=True, kw_only=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str = ""


class PodIp(Struct, frozen=True, kw_only=True):
    ip: str = ""


class PodStatus(Struct, frozen=True, kw_only=True):
    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: tuple[PodIp, ...] = msgspec.field(default=(), name="podIPs")
    host_ip: str = msgspec.field(default="", name="hostIP")
    start_time: str = ""
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Object, frozen=True, kw_only=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        """Whether it is Running, Ready and not on its way out."""
        return (
            self.status.phase == "Running"
            and not self.metadata.deletion_timestamp
            and any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)
        )

    @property
    def running(self) -> bool:
        """Whether it runs (ready or not) and is not on its way out."""
        return self.status.phase == "Running" and not self.metadata.deletion_timestamp

    @property
    def runs_coredns(self) -> bool:
        """Whether a container of it is CoreDNS, by its name or its image."""
        return any(c.name == "coredns" or "coredns" in c.image for c in self.spec.containers)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its IP addresses, of both families."""
        known = tuple(each.ip for each in self.status.pod_ips if each.ip)
        return known or ((self.status.pod_ip,) if self.status.pod_ip else ())

    @property
    def key(self) -> str:
        """NAMESPACE/NAME."""
        return f"{self.metadata.namespace}/{self.metadata.name}"


# Services and their endpoints


class ServicePort(Struct, frozen=True, kw_only=True):
    name: str = ""
    port: int = 0
    protocol: str = "TCP"
    target_port: int | str = 0


class ServiceSpec(Struct, frozen=True, kw_only=True):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    cluster_ips: tuple[str, ...] = msgspec.field(default=(), name="clusterIPs")
    external_name: str = ""
    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()
    publish_not_ready_addresses: bool = False
    internal_traffic_policy: str = ""


class Service(Object, frozen=True, kw_only=True):
    spec: ServiceSpec = ServiceSpec()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its ClusterIPs, of both families; none for a headless Service."""
        found = self.spec.cluster_ips or (self.spec.cluster_ip,)
        return tuple(ip for ip in found if ip and ip != "None")

    @property
    def headless(self) -> bool:
        """Whether it has no ClusterIP on purpose."""
        return self.spec.cluster_ip == "None"


class EndpointConditions(Struct, frozen=True, kw_only=True):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetRef(Struct, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""
    uid: str = ""


class Endpoint(Struct, frozen=True, kw_only=True):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    hostname: str = ""
    node_name: str = ""
    zone: str = ""
    target_ref: TargetRef | None = None

    @property
    def ready(self) -> bool:
        """Whether it gets traffic; an unset condition means yes (API convention)."""
        return self.conditions.ready is not False


class EndpointPort(Struct, frozen=True, kw_only=True):
    name: str = ""
    port: int | None = None
    protocol: str = "TCP"


class EndpointSlice(Object, frozen=True, kw_only=True):
    metadata: OwnedMeta = OwnedMeta()
    address_type: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def manager(self) -> str:
        """Who writes it, by its own label."""
        return self.metadata.labels.get("endpointslice.kubernetes.io/managed-by", "")


# Workloads


class PodTemplate(Object, frozen=True, kw_only=True):
    spec: PodSpec = PodSpec()


class LabelExpression(Struct, frozen=True, kw_only=True):
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class LabelSelector(Struct, frozen=True, kw_only=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelExpression, ...] = ()


class WorkloadSpec(Struct, frozen=True, kw_only=True):
    replicas: int | None = None
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()
    service_name: str = ""
    paused: bool = False


class WorkloadStatus(Struct, frozen=True, kw_only=True):
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    unavailable_replicas: int = 0
    updated_replicas: int = 0
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    number_ready: int = 0
    conditions: tuple[Condition, ...] = ()


class Workload(Object, frozen=True, kw_only=True):
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet."""

    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class DisruptionBudgetStatus(Struct, frozen=True, kw_only=True):
    disruptions_allowed: int = 0
    current_healthy: int = 0


class DisruptionBudgetSpec(Struct, frozen=True, kw_only=True):
    selector: LabelSelector | None = None
    max_unavailable: int | str | None = None
    min_available: int | str | None = None


class DisruptionBudget(Object, frozen=True, kw_only=True):
    spec: DisruptionBudgetSpec = DisruptionBudgetSpec()
    status: DisruptionBudgetStatus = DisruptionBudgetStatus()


class ScaleTarget(Struct, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""


class AutoscalerSpec(Struct, frozen=True, kw_only=True):
    scale_target_ref: ScaleTarget = ScaleTarget()
    min_replicas: int | None = None
    max_replicas: int = 0


class Autoscaler(Object, frozen=True, kw_only=True):
    spec: AutoscalerSpec = AutoscalerSpec()


# Nodes, namespaces, events, configuration


class Taint(Struct, frozen=True, kw_only=True):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Struct, frozen=True, kw_only=True):
    provider_id: str = msgspec.field(default="", name="providerID")
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False


class NodeAddress(Struct, frozen=True, kw_only=True):
    type: str = ""
    address: str = ""


class NodeInfo(Struct, frozen=True, kw_only=True):
    kubelet_version: str = ""
    kernel_version: str = ""
    os_image: str = ""
    operating_system: str = ""
    container_runtime_version: str = ""


class NodeStatus(Struct, frozen=True, kw_only=True):
    conditions: tuple[Condition, ...] = ()
    addresses: tuple[NodeAddress, ...] = ()
    node_info: NodeInfo = NodeInfo()
    capacity: dict[str, str] = {}


class Node(Object, frozen=True, kw_only=True):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        """Whether its kubelet says Ready."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def zone(self) -> str:
        """Its availability zone, or ""."""
        return self.metadata.labels.get("topology.kubernetes.io/zone", "")

    @property
    def compute_type(self) -> str:
        """`auto`, `fargate`, `hybrid` or "" (EC2), by EKS' own label."""
        return self.metadata.labels.get("eks.amazonaws.com/compute-type", "")

    @property
    def group(self) -> str:
        """Its node group (or pool), or ""."""
        labels = self.metadata.labels
        return labels.get("eks.amazonaws.com/nodegroup", "") or labels.get("karpenter.sh/nodepool", "")

    @property
    def internal_ip(self) -> str:
        """Its first internal address, or ""."""
        return next((a.address for a in self.status.addresses if a.type == "InternalIP"), "")


class Namespace(Object, frozen=True, kw_only=True):
    """A namespace and its labels."""


class InvolvedObject(Struct, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""
    uid: str = ""


class EventSource(Struct, frozen=True, kw_only=True):
    component: str = ""
    host: str = ""


class Event(Object, frozen=True, kw_only=True):
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 0
    first_timestamp: str = ""
    last_timestamp: str = ""
    event_time: str = ""
    involved_object: InvolvedObject = InvolvedObject()
    source: EventSource = EventSource()

    @property
    def last_seen(self) -> str:
        """When it was last seen, ISO 8601."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp


class ConfigMap(Object, frozen=True, kw_only=True):
    metadata: OwnedMeta = OwnedMeta()
    data: dict[str, str] = {}
    binary_data: dict[str, str] = {}
    immutable: bool = False


# Policies and rights


class IpBlock(Struct, frozen=True, kw_only=True):
    cidr: str = ""
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")


class PolicyPeer(Struct, frozen=True, kw_only=True):
    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IpBlock | None = None


class PolicyPort(Struct, frozen=True, kw_only=True):
    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class IngressRule(Struct, frozen=True, kw_only=True):
    from_: tuple[PolicyPeer, ...] = msgspec.field(default=(), name="from")
    ports: tuple[PolicyPort, ...] = ()


class EgressRule(Struct, frozen=True, kw_only=True):
    to: tuple[PolicyPeer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


class PolicySpec(Struct, frozen=True, kw_only=True):
    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()


class NetworkPolicy(Object, frozen=True, kw_only=True):
    spec: PolicySpec = PolicySpec()


class PolicyRule(Struct, frozen=True, kw_only=True):
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()


class ClusterRole(Object, frozen=True, kw_only=True):
    rules: tuple[PolicyRule, ...] = ()


class RoleRef(Struct, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""


class Subject(Struct, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class ClusterRoleBinding(Object, frozen=True, kw_only=True):
    role_ref: RoleRef = RoleRef()
    subjects: tuple[Subject, ...] = ()


class Custom(Object, frozen=True, kw_only=True):
    """An object of a kind that is not Kubernetes' own: its `spec` as it stands."""

    spec: dict[str, Any] = {}


class Status(Struct, frozen=True, kw_only=True):
    """What the API server says of a request that failed."""

    kind: str = ""
    reason: str = ""
    message: str = ""
    code: int = 0


class ListMeta(Struct, frozen=True, kw_only=True):
    continue_: str = msgspec.field(default="", name="continue")
    resource_version: str = ""


class RawList(Struct, frozen=True, kw_only=True):
    """One page of a list, its items not decoded yet."""

    kind: str = ""
    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] = []


def decode(body: bytes, kind: type[S]) -> S:
    """BODY as KIND. Raises msgspec.DecodeError, ValidationError or UnicodeDecodeError where it is no JSON object."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return msgspec.convert(_mended(msgspec.json.decode(body)), kind, strict=False)


def _pages(root: type[Struct]) -> Iterator[tuple[type[Any], msgspec.json.Decoder[Any]]]:
    for kind in root.__subclasses__():
        page = msgspec.defstruct(
            f"{kind.__name__}List",
            [("items", list[kind], []), ("metadata", ListMeta, ListMeta())],  # type: ignore[valid-type]
        )
        yield kind, msgspec.json.Decoder(page)
        yield from _pages(kind)


# All at import: msgspec builds what it knows of a type at its first use, and two threads that do so at once crash the
# interpreter (0.19 to 0.22).
_LISTERS = dict(_pages(Struct))


def decode_list(body: bytes, kind: type[S]) -> tuple[tuple[S, ...], str, int]:
    """One page of a list: the items, the token of the next page, and how many items no decoding could save.

    Raises as `decode` does.
    """
    decoder = _LISTERS[kind]
    try:
        page = decoder.decode(body)
        return tuple(page.items), page.metadata.continue_, 0
    except msgspec.ValidationError:
        return _decode_slowly(body, kind)


def _decode_slowly(body: bytes, kind: type[S]) -> tuple[tuple[S, ...], str, int]:
    page = _mended(msgspec.json.decode(body))
    if not isinstance(page, dict):
        raise msgspec.ValidationError("the answer is no object")
    items = page.get("items", [])
    if not isinstance(items, list):
        raise msgspec.ValidationError("the items are no list")
    good, lost = [], 0
    for item in items:
        try:
            good.append(msgspec.convert(item, kind, strict=False))
        except msgspec.ValidationError:
            lost += 1
    meta = page.get("metadata")
    token = meta.get("continue", "") if isinstance(meta, dict) else ""
    return tuple(good), token if isinstance(token, str) else "", lost


def _mended(value: Any, depth: int = 0) -> Any:
    """VALUE without nulls: in Kubernetes a null means the same as an absent field."""
    if depth > 64:
        raise msgspec.ValidationError("nested too deeply")
    if isinstance(value, dict):
        return {k: _mended(v, depth + 1) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_mended(v, depth + 1) for v in value if v is not None]
    return value
