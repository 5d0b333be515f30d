package adit.istiod.translate;

import adit.istiod.gateway.Binding;
import adit.istiod.gateway.Bindings;
import adit.istiod.gateway.Waypoint;
import adit.istiod.gateway.WaypointAccounts;
import adit.istiod.gateway.Waypoints;
import adit.istiod.l7.L7Resources;
import adit.istiod.l7.L7Settings;
import adit.istiod.l7.L7Translation;
import adit.istiod.l7.SubsetLabels;
import adit.protos.security.Authorization;
import adit.source.ClusterView;
import adit.source.StatusWriter.Condition;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import adit.xds.ResourceVersion;
import adit.xds.TypeUrls;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Views of the cluster -> resources of the wire.
///
/// Pure in its result; what is remembered between calls is only a memo, by the instances that views
/// share: what depends on kinds of objects that did not change is not made again, and a pod whose
/// inputs are as they were is not encoded again. So one change among ten thousand pods costs
/// little. Not thread-safe.
public final class Translator {
  private static final String L7_MANAGER = "adit-l7";

  private final MeshSettings mesh;
  private final Memo<Policies> policies =
      new Memo<>(Kind.AUTHORIZATION_POLICY, Kind.PEER_AUTHENTICATION);
  private final Memo<Bindings> bindings =
      new Memo<>(Kind.NAMESPACE, Kind.GATEWAY, Kind.GATEWAY_CLASS);
  private final Memo<Services> services =
      new Memo<>(
          Kind.NAMESPACE, Kind.SERVICE, Kind.SERVICE_ENTRY, Kind.GATEWAY, Kind.GATEWAY_CLASS);
  private final Memo<List<Translated.ConditionReport>> conditions =
      new Memo<>(
          Kind.NAMESPACE,
          Kind.SERVICE,
          Kind.SERVICE_ENTRY,
          Kind.WORKLOAD_ENTRY,
          Kind.GATEWAY,
          Kind.GATEWAY_CLASS,
          Kind.AUTHORIZATION_POLICY,
          Kind.REQUEST_AUTHENTICATION,
          Kind.RATE_LIMIT,
          Kind.TELEMETRY);
  private final Memo<Backing> backing =
      new Memo<>(Kind.SERVICE, Kind.SERVICE_ENTRY, Kind.ENDPOINT_SLICE);
  private final Memo<Map<ObjectKey, Set<String>>> accounts = new Memo<>(Kind.POD, Kind.GATEWAY);
  private final Memo<Guards> guards =
      new Memo<>(
          Kind.NAMESPACE,
          Kind.SERVICE,
          Kind.SERVICE_ENTRY,
          Kind.GATEWAY,
          Kind.GATEWAY_CLASS,
          Kind.AUTHORIZATION_POLICY);
  private Map<ObjectKey, Set<String>> knownAccounts = Map.of();
  private final Memo<L7Resources> l7 =
      new Memo<>(
          Kind.CONFIG_MAP,
          Kind.NAMESPACE,
          Kind.SERVICE,
          Kind.SERVICE_ENTRY,
          Kind.GATEWAY,
          Kind.GATEWAY_CLASS,
          Kind.AUTHORIZATION_POLICY,
          Kind.HTTP_ROUTE,
          Kind.GRPC_ROUTE,
          Kind.TCP_ROUTE,
          Kind.TLS_ROUTE,
          Kind.VIRTUAL_SERVICE,
          Kind.DESTINATION_RULE,
          Kind.REQUEST_AUTHENTICATION,
          Kind.TELEMETRY,
          Kind.RATE_LIMIT);
  private final Memo<Map<String, ResourceVersion>> labels =
      new Memo<>(
          Kind.POD, Kind.WORKLOAD_ENTRY, Kind.SERVICE, Kind.SERVICE_ENTRY, Kind.DESTINATION_RULE);
  private final Workloads workloads;
  private @Nullable Services lastServices;
  private @Nullable Backing lastBacking;

  /// What follows from policies alone.
  private record Policies(
      Map<String, ResourceVersion> resources,
      List<Translated.PolicyReport> reports,
      PolicySelection selection) {}

  private record Services(
      Map<String, ResourceVersion> resources, List<PublishedEntries.Published> entries) {}

  public Translator(MeshSettings mesh) {
    this.mesh = mesh;
    this.workloads = new Workloads(mesh);
  }

  /// What would become of a policy alone; null if nothing is reported about it.
  public static Translated.@Nullable PolicyReport reportOrNull(
      AuthorizationPolicy policy, MeshSettings mesh) {
    return PolicyTranslation.translate(policy, mesh).report();
  }

  /// Translates a view.
  public Translated translate(ClusterView view) {
    Policies policy = policies.get(view, this::policies);
    Bindings bound = bindings.get(view, one -> new Bindings(one, new Waypoints(one, network(one))));
    Services service = services.get(view, one -> services(one, bound));
    Backing backed = backing.get(view, one -> backing(one, service));
    Guards guard = guards(view, bound);
    Map<String, ResourceVersion> addresses =
        HashMap.newHashMap(service.resources().size() + view.pods().size());
    addresses.putAll(service.resources());
    workloads.add(
        new Workloads.Input(view, network(view), backed, policy.selection(), bound, guard),
        service.entries(),
        addresses);
    L7Resources requests = l7(view, bound);
    List<Translated.ConditionReport> told =
        new ArrayList<>(
            conditions.get(
                view, one -> new WaypointConditions(one, mesh, bound, knownAccounts).all()));
    requests.complaints().stream().map(Translator::told).forEach(told::add);
    Map<String, ResourceVersion> resources = new HashMap<>(policy.resources());
    guard.policies().values().forEach(one -> put(resources, one));
    return new Translated(addresses, resources, policy.reports(), told, requests);
  }

  /// Made again when a waypoint's accounts change, not whenever a pod does.
  private Guards guards(ClusterView view, Bindings bound) {
    Map<ObjectKey, Set<String>> now = accounts.get(view, WaypointAccounts::of);
    if (!now.equals(knownAccounts)) {
      knownAccounts = now;
      guards.forget();
      conditions.forget();
    }
    return guards.get(view, one -> new Guards(one, mesh, bound, now));
  }

  private static Translated.ConditionReport told(L7Resources.Complaint complaint) {
    return new Translated.ConditionReport(
        complaint.about(),
        L7_MANAGER,
        new Condition(
            "adit.io/InForce",
            complaint.used(),
            complaint.reason(),
            complaint.message(),
            complaint.generation()),
        complaint.used() ? "PartlyInForce" : "NotInForce");
  }

  private L7Resources l7(ClusterView view, Bindings bound) {
    L7Settings settings =
        new L7Settings(
            mesh.clusterDomain(),
            mesh.trustDomain(),
            mesh.rootNamespace(),
            mesh::isOurs,
            new Names(mesh)::workload);
    L7Resources made =
        l7.get(
            view,
            one -> {
              Map<String, String> waypoints = waypoints(one, bound);
              return L7Translation.of(one, settings, bound.waypoints().all(), waypoints::get);
            });
    Map<String, ResourceVersion> subsets = labels.get(view, one -> SubsetLabels.of(one, settings));
    Map<String, Map<String, ResourceVersion>> types = new HashMap<>(made.types());
    types.put(TypeUrls.WORKLOAD_LABELS, subsets);
    return new L7Resources(types, made.statuses(), made.complaints());
  }

  /// Names of waypoints by the keys of the services that are bound to them.
  private Map<String, String> waypoints(ClusterView view, Bindings bound) {
    Names names = new Names(mesh);
    Map<String, String> waypoints = new HashMap<>();
    for (Service service : view.services().values()) {
      String host = names.hostname(service.key());
      Waypoint waypoint = bound.ofService(service.meta(), Set.of(host)).waypoint();
      if (waypoint != null) {
        waypoints.put(names.service(service.key()), waypoint.name());
      }
    }
    for (ServiceEntry entry : view.serviceEntries().values()) {
      Waypoint waypoint = bound.ofService(entry.meta(), Set.copyOf(entry.hosts())).waypoint();
      if (waypoint != null) {
        entry
            .hosts()
            .forEach(host -> waypoints.put(entry.meta().namespace() + "/" + host, waypoint.name()));
      }
    }
    return waypoints;
  }

  /// Slices change whenever a pod does; what they say about pods matters only where a service has
  /// no selector. The same instance means that no pod has to be looked at again.
  @SuppressWarnings("ReferenceEquality") // what follows from services was not made again
  private Backing backing(ClusterView view, Services service) {
    Backing made = new Backing(view, service.entries());
    Backing before = lastBacking;
    if (before == null || lastServices != service || !before.namesSamePods(made)) {
      lastBacking = made;
      lastServices = service;
      return made;
    }
    return before;
  }

  private Policies policies(ClusterView view) {
    Map<String, ResourceVersion> resources = new HashMap<>();
    List<Translated.PolicyReport> reports = new ArrayList<>();
    List<AuthorizationPolicy> sent = new ArrayList<>();
    for (AuthorizationPolicy policy : view.authorizationPolicies().values()) {
      if (!mesh.isOurs(policy.meta())) {
        continue;
      }
      PolicyTranslation.Outcome outcome = PolicyTranslation.translate(policy, mesh);
      if (outcome.policy() != null) {
        sent.add(policy);
        put(resources, outcome.policy());
      }
      if (outcome.report() != null) {
        reports.add(outcome.report());
      }
    }
    PeerAuthentications peers = new PeerAuthentications(view, mesh);
    peers.policies().values().forEach(policy -> put(resources, policy));
    return new Policies(resources, reports, new PolicySelection(sent, peers, mesh));
  }

  private static void put(Map<String, ResourceVersion> policies, Authorization policy) {
    policies.put(policy.getNamespace() + "/" + policy.getName(), Bytes.policy(policy));
  }

  /// The network of the cluster is a label of the system namespace.
  private String network(ClusterView view) {
    var system = view.namespaceOrNull(mesh.rootNamespace());
    return system == null ? "" : system.meta().label("topology.istio.io/network");
  }

  private Services services(ClusterView view, Bindings bound) {
    Map<String, ResourceVersion> resources = new HashMap<>();
    ServiceTranslation translation = new ServiceTranslation(mesh, network(view));
    Names names = new Names(mesh);
    view.services().values().stream()
        .filter(service -> !service.type().equals("ExternalName"))
        .forEach(service -> {
          var namespace = view.namespaceOrNull(service.meta().namespace());
          Binding binding = bound.ofService(service.meta(), Set.of(names.hostname(service.key())));
          resources.put(
              names.service(service.key()),
              Bytes.address(translation.service(service, namespace, binding)));
        });
    List<PublishedEntries.Published> entries = PublishedEntries.of(view, mesh);
    for (PublishedEntries.Published entry : entries) {
      var namespace = view.namespaceOrNull(entry.entry().meta().namespace());
      Binding binding = bound.ofService(entry.entry().meta(), Set.copyOf(entry.entry().hosts()));
      for (var wire : translation.entry(entry, namespace, binding)) {
        resources.put(wire.getNamespace() + "/" + wire.getHostname(), Bytes.address(wire));
      }
    }
    return new Services(resources, entries);
  }
}
