package adit.istiod.l7;

import adit.istiod.gateway.Waypoint;
import adit.istiod.l7.L7Resources.Complaint;
import adit.l7.L7Decode;
import adit.model.InvalidResource;
import adit.protos.l7.Authentication;
import adit.protos.l7.RateLimit;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Route;
import adit.protos.l7.TelemetryPolicy;
import adit.protos.l7.TrafficPolicy;
import adit.protos.l7.WaypointConfig;
import adit.source.ClusterView;
import adit.source.StatusChange;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.Configuration;
import adit.source.object.Fields;
import adit.source.object.Finding;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import adit.xds.ResourceVersion;
import adit.xds.TypeUrls;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Routes and policies of a view as resources. For one view and one thread.
///
/// Nothing is sent that a waypoint would refuse: what it would say is said to the object's owner. A
/// policy that restricts is the exception; it is sent, and the waypoint lets nothing through to its
/// targets.
public final class L7Translation {
  private static final String CLIENT_IDENTITY = "ambient.istio.io/xfcc-include-client-identity";
  private static final ObjectReader READER = new ObjectReader(Origin.API_SERVER);
  private static final List<Kind> ROUTES =
      List.of(Kind.HTTP_ROUTE, Kind.GRPC_ROUTE, Kind.TCP_ROUTE, Kind.TLS_ROUTE);

  private final ClusterView view;
  private final L7Settings settings;
  private final MeshConfig telemetry;
  private final References references;
  private final Function<String, @Nullable String> waypoints;
  private final Map<String, Map<String, ResourceVersion>> types = new HashMap<>();
  private final Map<ObjectKey, StatusChange> statuses = new HashMap<>();
  private final List<Complaint> complaints = new ArrayList<>();

  private L7Translation(
      ClusterView view, L7Settings settings, Function<String, @Nullable String> waypoints) {
    this.view = view;
    this.settings = settings;
    this.telemetry = MeshConfig.of(view, settings.rootNamespace());
    this.references = new ViewReferences(view, telemetry, settings.clusterDomain());
    this.waypoints = waypoints;
    TypeUrls.L7.forEach(url -> types.put(url, new HashMap<>()));
  }

  /// Translates a view, but for labels of workloads.
  ///
  /// @param ready gateways that serve as waypoints
  /// @param waypoints `namespace/name` of the waypoint of a service's key, null if it has none
  public static L7Resources of(
      ClusterView view,
      L7Settings settings,
      Collection<Waypoint> ready,
      Function<String, @Nullable String> waypoints) {
    L7Translation translation = new L7Translation(view, settings, waypoints);
    translation.routes();
    translation.virtualServices();
    translation.policies();
    translation.others();
    ready.forEach(translation::waypoint);
    return new L7Resources(translation.types, translation.statuses, translation.complaints);
  }

  private void put(String typeUrl, String name, Message message) {
    Map<String, ResourceVersion> ofType = types.get(typeUrl);
    if (ofType == null) {
      throw new IllegalStateException("type_url: " + typeUrl + " (expected: a waypoint's)");
    }
    ofType.put(name, ResourceVersion.of(typeUrl, message));
  }

  private static String name(ObjectKey key) {
    return key.namespace() + "/" + key.name();
  }

  private static String routeName(ObjectKey key) {
    return key.kind().text() + "/" + name(key);
  }

  private static Fields spec(Configuration object) {
    return Fields.spec(object.spec(), new ArrayList<Finding>());
  }

  private Reading reading(String namespace) {
    return new Reading(READER, namespace, references);
  }

  private Collection<Configuration> sorted(Kind kind) {
    return view.configurations(kind).values().stream()
        .filter(object -> settings.ours().test(object.meta()))
        .sorted((one, other) -> one.key().compareTo(other.key()))
        .toList();
  }

  private void routes() {
    List<ReadRoute> read = new ArrayList<>();
    for (Kind kind : ROUTES) {
      for (Configuration object : view.configurations(kind).values()) {
        ReadRoute route = ReadRoute.of(object, references);
        if (!route.refs().isEmpty()) {
          read.add(route);
        }
      }
    }
    RouteStatuses told = new RouteStatuses(waypoints);
    for (ReadRoute route : RouteConflicts.settle(read)) {
      Issue refusal = route.refusalOrNull();
      Route wire = route.complete();
      if (refusal == null && wire.getParentsCount() > 0) {
        put(TypeUrls.ROUTE, routeName(route.object().key()), wire);
      }
      statuses.put(route.object().key(), told.of(route, refusal));
    }
  }

  private void virtualServices() {
    VirtualServices all = new VirtualServices();
    List<VirtualServices.Read> read = new ArrayList<>();
    for (Configuration object : sorted(Kind.VIRTUAL_SERVICE)) {
      read.add(all.add(object, spec(object), reading(object.meta().namespace())));
    }
    for (VirtualServices.Read one : read) {
      Route wire = all.routeOrNull(one);
      if (wire == null) {
        continue;
      }
      String refusal = refusal(() -> L7Decode.route(wire));
      if (refusal.isEmpty() && wire.getParentsCount() > 0) {
        put(TypeUrls.ROUTE, routeName(one.object().key()), wire);
      }
      complain(one.object(), one.reading(), refusal);
    }
  }

  private interface Decoding {
    Object decode() throws InvalidResource;
  }

  /// What a waypoint would say, empty if nothing.
  private static String refusal(Decoding decoding) {
    try {
      var _ = decoding.decode();
      return "";
    } catch (InvalidResource e) {
      return String.valueOf(e.getMessage());
    }
  }

  /// What its targets lack is said where it is bound.
  private void complain(AuthorizationPolicy policy, Reading reading, String refusal) {
    List<Issue> lacking =
        reading.unresolved().stream()
            .filter(issue -> issue.reason().equals(PolicyReader.NO_PROVIDER))
            .toList();
    List<Issue> issues = new ArrayList<>(lacking);
    issues.addAll(reading.unsupported());
    if (!refusal.isEmpty()) {
      issues = List.of(new Issue("Invalid", refusal + "; everything is refused at its targets"));
    }
    if (!issues.isEmpty()) {
      complaints.add(
          new Complaint(
              policy.key(),
              policy.meta().generation(),
              refusal.isEmpty() && lacking.isEmpty(),
              issues.getFirst().reason(),
              messages(issues)));
    }
  }

  private static String messages(List<Issue> issues) {
    return String.join("; ", issues.stream().map(Issue::message).distinct().toList());
  }

  private void complain(Configuration object, Reading reading, String refusal) {
    List<Issue> issues = new ArrayList<>(reading.unsupported());
    issues.addAll(reading.unresolved());
    if (refusal.isEmpty() && issues.isEmpty()) {
      return;
    }
    String message = refusal.isEmpty() ? messages(issues) : refusal;
    String reason = refusal.isEmpty() ? issues.getFirst().reason() : "Invalid";
    complaints.add(
        new Complaint(
            object.key(), object.meta().generation(), refusal.isEmpty(), reason, message));
  }

  private void policies() {
    for (AuthorizationPolicy policy : view.authorizationPolicies().values()) {
      if (!policy.targets().isEmpty() && settings.ours().test(policy.meta())) {
        Reading reading = reading(policy.meta().namespace());
        RequestPolicy.Builder wire = requestPolicy(policy, reading);
        if (wire.getTargetsCount() == 0) {
          continue;
        }
        put(TypeUrls.REQUEST_POLICY, name(policy.key()), wire.build());
        String refusal = refusal(() -> L7Decode.requestPolicy(wire.build()));
        complain(policy, reading, refusal);
      }
    }
  }

  static RequestPolicy.Builder requestPolicy(AuthorizationPolicy policy, Reading reading) {
    RequestPolicy.Builder wire =
        RequestPolicy.newBuilder()
            .setNamespace(policy.meta().namespace())
            .setName(policy.meta().name())
            .setDryRun(policy.meta().annotation("istio.io/dry-run").equals("true"));
    new PolicyReader(reading)
        .authorization(Fields.spec(policy.spec(), new ArrayList<Finding>()), wire);
    return wire;
  }

  private void others() {
    for (Kind kind :
        List.of(
            Kind.DESTINATION_RULE, Kind.REQUEST_AUTHENTICATION, Kind.RATE_LIMIT, Kind.TELEMETRY)) {
      for (Configuration object : sorted(kind)) {
        Reading reading = reading(object.meta().namespace());
        OtherObject wire = OtherObject.of(object, spec(object), reading);
        String refusal = refusal(wire::decode);
        if (refusal.isEmpty() && wire.applies()) {
          put(wire.typeUrl(), name(object.key()), wire.message());
        }
        complain(object, reading, refusal);
      }
    }
  }

  private void waypoint(Waypoint waypoint) {
    WaypointConfig.Builder wire =
        WaypointConfig.newBuilder()
            .setNamespace(waypoint.gateway().namespace())
            .setName(waypoint.gateway().name())
            .setGatewayClass(waypoint.className())
            .setRootNamespace(settings.rootNamespace())
            .setTrustDomain(settings.trustDomain())
            .setIncludeClientIdentity(wantsIdentities(view.gateways().get(waypoint.gateway())));
    telemetry.put(references, wire);
    put(TypeUrls.WAYPOINT_CONFIG, waypoint.name(), wire.build());
  }

  /// An annotation of the waypoint's pods, which have those of the Gateway.
  private static boolean wantsIdentities(@Nullable Gateway gateway) {
    if (gateway == null) {
      return false;
    }
    Map<String, String> said = gateway.infrastructure().annotations();
    Map<String, String> annotations = said == null ? gateway.meta().annotations() : said;
    return annotations.getOrDefault(CLIENT_IDENTITY, "").equals("true");
  }

  /// A DestinationRule, RequestAuthentication, RateLimit or Telemetry.
  sealed interface OtherObject {
    Message message();

    String typeUrl();

    Object decode() throws InvalidResource;

    /// Whether it concerns anything here.
    boolean applies();

    static OtherObject of(Configuration object, Fields spec, Reading reading) {
      String namespace = object.meta().namespace();
      String name = object.meta().name();
      return switch (object.kind()) {
        case DESTINATION_RULE -> {
          var wire =
              TrafficPolicy.newBuilder()
                  .setNamespace(namespace)
                  .setName(name)
                  .setCreated(ReadRoute.created(object));
          new DestinationRuleReader(reading).read(spec, wire);
          yield new Traffic(wire.build());
        }
        case REQUEST_AUTHENTICATION -> {
          var wire =
              Authentication.newBuilder()
                  .setNamespace(namespace)
                  .setName(name)
                  .setCreated(ReadRoute.created(object));
          new PolicyReader(reading).authentication(spec, wire);
          yield new Tokens(wire.build());
        }
        case RATE_LIMIT -> {
          var wire = RateLimit.newBuilder().setNamespace(namespace).setName(name);
          new RateLimitReader(reading).read(spec, wire);
          yield new Limits(wire.build());
        }
        case TELEMETRY -> {
          var wire =
              TelemetryPolicy.newBuilder()
                  .setNamespace(namespace)
                  .setName(name)
                  .setCreated(ReadRoute.created(object));
          new TelemetryReader(reading).read(spec, wire);
          yield new Told(wire.build(), !spec.has("selector"));
        }
        default -> throw new IllegalArgumentException("kind: " + object.kind());
      };
    }

    /// A DestinationRule.
    record Traffic(TrafficPolicy message) implements OtherObject {
      @Override
      public String typeUrl() {
        return TypeUrls.TRAFFIC_POLICY;
      }

      @Override
      public Object decode() throws InvalidResource {
        return L7Decode.trafficPolicy(message);
      }

      @Override
      public boolean applies() {
        return message.getServicesCount() > 0;
      }
    }

    /// A RequestAuthentication. Without targets it is not a waypoint's.
    record Tokens(Authentication message) implements OtherObject {
      @Override
      public String typeUrl() {
        return TypeUrls.AUTHENTICATION;
      }

      @Override
      public Object decode() throws InvalidResource {
        return L7Decode.authentication(message);
      }

      @Override
      public boolean applies() {
        return message.getTargetsCount() > 0;
      }
    }

    /// A RateLimit.
    record Limits(RateLimit message) implements OtherObject {
      @Override
      public String typeUrl() {
        return TypeUrls.RATE_LIMIT;
      }

      @Override
      public Object decode() throws InvalidResource {
        return L7Decode.rateLimit(message);
      }

      @Override
      public boolean applies() {
        return message.getTargetsCount() > 0;
      }
    }

    /// A Telemetry. One with a selector is for workloads.
    record Told(TelemetryPolicy message, boolean applies) implements OtherObject {
      @Override
      public String typeUrl() {
        return TypeUrls.TELEMETRY_POLICY;
      }

      @Override
      public Object decode() throws InvalidResource {
        return L7Decode.telemetry(message);
      }
    }
  }
}
