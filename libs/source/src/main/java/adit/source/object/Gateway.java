package adit.source.object;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A Gateway (gateway.networking.k8s.io).
///
/// @param meta the metadata
/// @param className `gatewayClassName`
/// @param listeners the listeners
/// @param requested `spec.addresses`: where the user wants it, empty if anywhere
/// @param infrastructure what is made for it should look like this
/// @param addresses `status.addresses`: where it is reached
public record Gateway(
    ObjectMeta meta,
    String className,
    List<Listener> listeners,
    List<Address> requested,
    Infrastructure infrastructure,
    List<Address> addresses)
    implements KubeObject {
  public Gateway {
    listeners = List.copyOf(listeners);
    requested = List.copyOf(requested);
    addresses = List.copyOf(addresses);
  }

  @Override
  public Kind kind() {
    return Kind.GATEWAY;
  }

  /// A listener.
  ///
  /// @param name the name
  /// @param port `1..65535`
  /// @param protocol e.g. `HBONE`
  /// @param hostname empty for any
  /// @param allowed who may attach
  public record Listener(
      String name, int port, String protocol, String hostname, Allowed allowed) {}

  /// `allowedRoutes` of a listener.
  ///
  /// @param from `namespaces.from`
  /// @param selector `namespaces.selector`, asked if `from` says so
  /// @param kinds `kinds`, empty for those that suit the protocol
  public record Allowed(From from, LabelSelector selector, List<RouteKind> kinds) {
    /// What holds if nothing is written.
    public static final Allowed SAME = new Allowed(From.Same, LabelSelector.EVERYTHING, List.of());

    public Allowed {
      kinds = List.copyOf(kinds);
    }

    /// Whether what lives in a namespace may attach.
    ///
    /// @param own the gateway's namespace
    /// @param namespace the other's name
    /// @param labels the other's labels
    public boolean admits(String own, String namespace, Map<String, String> labels) {
      return switch (from) {
        case All -> true;
        case Same -> own.equals(namespace);
        case Selector -> selector.matches(labels);
        case None -> false;
      };
    }
  }

  /// `namespaces.from`, as it is written.
  public enum From {
    All,
    Same,
    Selector,
    None
  }

  /// A kind of route.
  ///
  /// @param group the API group
  /// @param kind e.g. `HTTPRoute`
  public record RouteKind(String group, String kind) {}

  /// An address under which the gateway is reached, or should be.
  ///
  /// @param type `IPAddress` or `Hostname`, or one of somebody's own
  /// @param value the address
  public record Address(String type, String value) {}

  /// `infrastructure`. Null maps: nothing is said, the gateway's own metadata counts.
  ///
  /// @param labels for everything that is made
  /// @param annotations for everything that is made
  /// @param parameters an object with overlays
  public record Infrastructure(
      @Nullable Map<String, String> labels,
      @Nullable Map<String, String> annotations,
      @Nullable ParametersRef parameters) {
    /// Nothing is said.
    public static final Infrastructure NONE = new Infrastructure(null, null, null);

    public Infrastructure {
      labels = labels == null ? null : Map.copyOf(labels);
      annotations = annotations == null ? null : Map.copyOf(annotations);
    }
  }

  /// An object of the gateway's namespace.
  ///
  /// @param group the API group, empty for core
  /// @param kind e.g. `ConfigMap`
  /// @param name the name
  public record ParametersRef(String group, String kind, String name) {}
}
