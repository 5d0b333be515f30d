package adit.source.object;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An AuthorizationPolicy (security.istio.io), whole: what cannot be enforced is for the
/// translation to decide, not for the reader to drop.
///
/// @param meta the metadata
/// @param selector labels of the workloads, null if the policy is for all of its namespace
/// @param targets `targetRefs` and `targetRef`
/// @param action what a match means
/// @param rules the rules; none means that the policy matches nothing
/// @param spec as it is written, of a policy with targets; missing for others
public record AuthorizationPolicy(
    ObjectMeta meta,
    @Nullable Map<String, String> selector,
    List<TargetRef> targets,
    Action action,
    List<Rule> rules,
    JsonNode spec)
    implements KubeObject {
  /// Annotation of a policy with targets: `namespace/name` of the policy without that it was copied
  /// from, so that what the one says at the workloads is enforced at a waypoint as well.
  public static final String COPY_OF = "adit.io/copy-of";

  public AuthorizationPolicy {
    selector = selector == null ? null : Map.copyOf(selector);
    targets = List.copyOf(targets);
    rules = List.copyOf(rules);
  }

  @Override
  public Kind kind() {
    return Kind.AUTHORIZATION_POLICY;
  }

  /// `action`.
  public enum Action {
    ALLOW,
    DENY,
    AUDIT,
    CUSTOM
  }

  /// What a policy is attached to.
  ///
  /// @param group API group, empty for core
  /// @param kind e.g. `Service`
  /// @param namespace empty for the policy's own
  /// @param name the name
  public record TargetRef(String group, String kind, String namespace, String name) {}

  /// One rule: matches if any source, any operation and all conditions match.
  ///
  /// @param from sources; empty means any
  /// @param to operations; empty means any
  /// @param when conditions
  /// @param unknown fields of the rule that this version does not know
  public record Rule(
      List<Source> from, List<Operation> to, List<Condition> when, List<String> unknown) {
    public Rule {
      from = List.copyOf(from);
      to = List.copyOf(to);
      when = List.copyOf(when);
      unknown = List.copyOf(unknown);
    }
  }

  /// A list of values and a list of values that must not match, as they come in pairs.
  ///
  /// @param values any of these
  /// @param notValues none of these
  public record Values(List<String> values, List<String> notValues) {
    /// Nothing asked.
    public static final Values NONE = new Values(List.of(), List.of());

    public Values {
      values = List.copyOf(values);
      notValues = List.copyOf(notValues);
    }

    /// Whether nothing is asked.
    public boolean isEmpty() {
      return values.isEmpty() && notValues.isEmpty();
    }
  }

  /// `from[].source`.
  ///
  /// @param principals `principals`, `notPrincipals`
  /// @param namespaces `namespaces`, `notNamespaces`
  /// @param serviceAccounts `serviceAccounts`, `notServiceAccounts`
  /// @param ipBlocks `ipBlocks`, `notIpBlocks`
  /// @param unsupported names of fields that are set but that a layer-4 proxy cannot see
  ///   (`requestPrincipals`, `remoteIpBlocks`, `trustDomains`, their opposites, and unknown ones)
  public record Source(
      Values principals,
      Values namespaces,
      Values serviceAccounts,
      Values ipBlocks,
      List<String> unsupported) {
    public Source {
      unsupported = List.copyOf(unsupported);
    }
  }

  /// `to[].operation`.
  ///
  /// @param ports `ports`, `notPorts`
  /// @param unsupported names of fields that are set but that a layer-4 proxy cannot see (`hosts`,
  ///   `methods`, `paths`, their opposites, and unknown ones)
  public record Operation(Values ports, List<String> unsupported) {
    public Operation {
      unsupported = List.copyOf(unsupported);
    }
  }

  /// `when[]`.
  ///
  /// @param key e.g. `source.ip`
  /// @param values `values`, `notValues`
  public record Condition(String key, Values values) {}
}
