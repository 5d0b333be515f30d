package adit.cli.waypoint;

import adit.source.ClusterView;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.AuthorizationPolicy.Condition;
import adit.source.object.AuthorizationPolicy.Operation;
import adit.source.object.AuthorizationPolicy.Rule;
import adit.source.object.AuthorizationPolicy.Source;
import adit.source.object.AuthorizationPolicy.Values;
import adit.source.object.Container;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import adit.source.object.Service;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// The way out of the order trap: each policy that refuses a waypoint is written once more for the
/// service, where the waypoint enforces it and sees the clients, and the waypoint is let in at the
/// workloads. What is there stays: it still says who may come without the waypoint.
///
/// @param policies to be made, in this order: the copies first, so that nothing is open meanwhile
/// @param byHand what cannot be written once more, and why
record Migration(List<Map<String, Object>> policies, List<String> byHand) {
  private static final String API = "security.istio.io/v1";

  /// Conditions that mean the same at a waypoint.
  private static final Set<String> SAME =
      Set.of("source.principal", "source.namespace", "source.ip");

  private static final String PORT = "destination.port";
  private static final int LONGEST_NAME = 253;

  Migration {
    policies = List.copyOf(policies);
    byHand = List.copyOf(byHand);
  }

  /// Thrown where a policy cannot be copied.
  private static final class ByHand extends Exception {
    private static final long serialVersionUID = 1L;

    ByHand(String reason) {
      super(reason);
    }
  }

  /// @param view with the pods of the services, for the names of their ports
  /// @param waypoint its name
  /// @param principal the waypoint's
  static Migration of(ClusterView view, List<Trapped> trapped, String waypoint, String principal) {
    List<Map<String, Object>> copies = new ArrayList<>();
    List<Map<String, Object>> doors = new ArrayList<>();
    List<String> byHand = new ArrayList<>();
    for (Trapped one : trapped) {
      for (AuthorizationPolicy policy : one.policies()) {
        try {
          copies.add(copy(view, one.service(), policy));
        } catch (ByHand e) {
          byHand.add(policy.key() + " for " + one.service().key() + ": " + e.getMessage());
        }
      }
      doors.add(door(one.service(), waypoint, principal));
    }
    copies.addAll(doors);
    return new Migration(copies, byHand);
  }

  private static Map<String, Object> copy(
      ClusterView view, Service service, AuthorizationPolicy policy) throws ByHand {
    Map<String, Object> target = new LinkedHashMap<>();
    target.put("group", "");
    target.put("kind", "Service");
    target.put("name", service.meta().name());
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("targetRefs", List.of(target));
    List<Object> rules = new ArrayList<>();
    for (Rule rule : policy.rules()) {
      rules.add(rule(view, service, policy, rule));
    }
    spec.put("action", "ALLOW");
    if (!rules.isEmpty()) {
      spec.put("rules", rules);
    }
    String name = policy.meta().name() + "-at-" + service.meta().name();
    String original = policy.meta().namespace() + "/" + policy.meta().name();
    return object(service, name, Map.of(AuthorizationPolicy.COPY_OF, original), spec);
  }

  /// Lets the waypoint in at the service's workloads.
  private static Map<String, Object> door(Service service, String waypoint, String principal) {
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("selector", Map.of("matchLabels", service.selector()));
    spec.put("action", "ALLOW");
    spec.put(
        "rules",
        List.of(
            Map.of("from", List.of(Map.of("source", Map.of("principals", List.of(principal)))))));
    return object(service, service.meta().name() + "-from-" + waypoint, Map.of(), spec);
  }

  private static Map<String, Object> object(
      Service service, String name, Map<String, Object> annotations, Map<String, Object> spec) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", name.substring(0, Math.min(name.length(), LONGEST_NAME)));
    metadata.put("namespace", service.meta().namespace());
    if (!annotations.isEmpty()) {
      metadata.put("annotations", annotations);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("apiVersion", API);
    object.put("kind", "AuthorizationPolicy");
    object.put("metadata", metadata);
    object.put("spec", spec);
    return object;
  }

  private static Map<String, Object> rule(
      ClusterView view, Service service, AuthorizationPolicy policy, Rule rule) throws ByHand {
    if (!rule.unknown().isEmpty()) {
      throw new ByHand("it has fields that are not known here: " + rule.unknown());
    }
    Map<String, Object> copy = new LinkedHashMap<>();
    List<Object> from = new ArrayList<>();
    for (Source source : rule.from()) {
      from.add(Map.of("source", source(source, policy)));
    }
    List<Object> to = new ArrayList<>();
    for (Operation operation : rule.to()) {
      require(operation.unsupported());
      Map<String, Object> fields = new LinkedHashMap<>();
      put(fields, "ports", "notPorts", ports(view, service, operation.ports()));
      to.add(Map.of("operation", fields));
    }
    List<Object> when = new ArrayList<>();
    for (Condition condition : rule.when()) {
      when.add(condition(view, service, condition));
    }
    put(copy, "from", from);
    put(copy, "to", to);
    put(copy, "when", when);
    return copy;
  }

  private static Map<String, Object> source(Source source, AuthorizationPolicy policy)
      throws ByHand {
    require(source.unsupported());
    String own = policy.meta().namespace();
    Map<String, Object> fields = new LinkedHashMap<>();
    put(fields, "principals", "notPrincipals", source.principals());
    put(fields, "namespaces", "notNamespaces", source.namespaces());
    put(
        fields,
        "serviceAccounts",
        "notServiceAccounts",
        new Values(
            qualified(source.serviceAccounts().values(), own),
            qualified(source.serviceAccounts().notValues(), own)));
    put(fields, "ipBlocks", "notIpBlocks", source.ipBlocks());
    return fields;
  }

  private static List<String> qualified(List<String> accounts, String own) {
    return accounts.stream()
        .map(account -> account.indexOf('/') < 0 ? own + "/" + account : account)
        .toList();
  }

  private static Map<String, Object> condition(
      ClusterView view, Service service, Condition condition) throws ByHand {
    boolean port = condition.key().equals(PORT);
    if (!port && !SAME.contains(condition.key())) {
      throw new ByHand(condition.key() + " is something else at a waypoint");
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("key", condition.key());
    put(
        fields,
        "values",
        "notValues",
        port ? ports(view, service, condition.values()) : condition.values());
    return fields;
  }

  private static void require(List<String> unsupported) throws ByHand {
    if (!unsupported.isEmpty()) {
      throw new ByHand(
          "its rules with " + unsupported + " hold nowhere now, and would begin to at a waypoint");
    }
  }

  /// At workloads a port is theirs, at a waypoint it is the service's.
  private static Values ports(ClusterView view, Service service, Values workloads) throws ByHand {
    return new Values(
        ports(view, service, workloads.values()), ports(view, service, workloads.notValues()));
  }

  private static List<String> ports(ClusterView view, Service service, List<String> workloads)
      throws ByHand {
    Set<Integer> ports = new TreeSet<>();
    for (String text : workloads) {
      List<Integer> led =
          service.ports().stream()
              .filter(port -> targets(view, service, port.target()).contains(text))
              .map(Service.Port::number)
              .toList();
      if (led.isEmpty()) {
        throw new ByHand("no port of the service leads to port " + text);
      }
      ports.addAll(led);
    }
    return ports.stream().map(String::valueOf).toList();
  }

  private static Set<String> targets(ClusterView view, Service service, PortRef target) {
    return switch (target) {
      case PortRef.Numbered(int number) -> Set.of(Integer.toString(number));
      case PortRef.Named(String name) -> {
        Set<String> numbers = new TreeSet<>();
        for (Pod pod : view.pods().values()) {
          boolean its =
              pod.meta().namespace().equals(service.meta().namespace())
                  && pod.meta().labels().entrySet().containsAll(service.selector().entrySet());
          for (Container container : its ? pod.spec().containers() : List.<Container>of()) {
            for (Container.Port port : container.ports()) {
              if (port.name().equals(name)) {
                numbers.add(Integer.toString(port.number()));
              }
            }
          }
        }
        yield numbers;
      }
    };
  }

  private static void put(Map<String, Object> fields, String is, String isNot, Values values) {
    put(fields, is, values.values());
    put(fields, isNot, values.notValues());
  }

  private static void put(Map<String, Object> fields, String name, List<?> values) {
    if (!values.isEmpty()) {
      fields.put(name, values);
    }
  }
}
