package adit.istiod.cluster;

import adit.istiod.gateway.GatewayStatuses;
import adit.istiod.gateway.MeshGateways;
import adit.istiod.gateway.WaypointObjects;
import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.telemetry.Log;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// What the leading replica keeps right in the cluster.
public final class ClusterDuties implements AutoCloseable {
  // What a gateway's parametersRef names is not watched: that would take the right to read all
  // ConfigMaps of the cluster.
  private static final long LOOK_SECONDS = 60;

  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("duties").factory());
  private final Duty roots;
  private final Duty validator;
  private final RootDistribution distribution;
  private final ValidatorRegistration registration;
  private final Duty waypoints;
  private final WaypointDeployment deployment;
  private final MadeObjects made;
  private volatile Map<?, ?> namespaces = Map.of();
  private volatile List<Map<?, ?>> ofWaypoints = List.of();

  /// @param client not closed by this
  /// @param namespace the control plane's own
  /// @param trusted PEM of the roots, read anew each time
  /// @param wanted what is made for gateways
  /// @param leads whether this replica writes
  public ClusterDuties(
      KubernetesClient client,
      String namespace,
      ClusterSource source,
      Supplier<String> trusted,
      Waypoints wanted,
      BooleanSupplier leads,
      Log log) {
    roots = new Duty("root certificates", thread, leads, this::distribute, log);
    validator = new Duty("validator", thread, leads, this::register, log);
    distribution = new RootDistribution(client, source::current, trusted, roots::look, log);
    registration = new ValidatorRegistration(client, namespace, trusted, validator::look, log);
    waypoints = new Duty("waypoints", thread, leads, this::deploy, log);
    deployment = new WaypointDeployment(client, namespace, wanted, source::current, log);
    made = new MadeObjects(client, namespace, waypoints::look);
    source.subscribe(this::changed);
    var _ =
        thread.scheduleWithFixedDelay(
            waypoints::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  /// What is made for gateways.
  ///
  /// @param gateways which are ours
  /// @param objects what is made for one
  /// @param failed told, each time, of everything that could not be made; any thread
  public record Waypoints(
      MeshGateways gateways,
      WaypointObjects objects,
      Consumer<Map<ObjectKey, GatewayStatuses.Failure>> failed) {}

  private int distribute() {
    return distribution.distribute();
  }

  private int deploy() {
    return deployment.deploy();
  }

  private int register() {
    return registration.complete();
  }

  @SuppressWarnings("ReferenceEquality") // views share what did not change
  private void changed(ClusterView view) {
    Map<?, ?> now = view.all(Kind.NAMESPACE);
    if (namespaces != now) {
      namespaces = now;
      roots.look();
    }
    List<Map<?, ?>> gateways =
        List.of(now, view.all(Kind.GATEWAY), view.all(Kind.GATEWAY_CLASS), view.all(Kind.SERVICE));
    List<Map<?, ?>> before = ofWaypoints;
    boolean same = before.size() == gateways.size();
    for (int i = 0; same && i < gateways.size(); i++) {
      same = before.get(i) == gateways.get(i);
    }
    if (!same) {
      ofWaypoints = gateways;
      waypoints.look();
    }
  }

  /// The roots changed, or this replica became the leader. Any thread.
  public void look() {
    roots.look();
    validator.look();
    waypoints.look();
  }

  @Override
  public void close() {
    thread.shutdownNow();
    distribution.close();
    registration.close();
    made.close();
  }
}
