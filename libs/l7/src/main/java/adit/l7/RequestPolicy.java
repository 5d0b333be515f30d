package adit.l7;

import adit.model.Cidr;
import adit.model.Policy.StringMatch;
import adit.model.Policy.Values;
import com.google.re2j.Pattern;
import java.util.List;

/// Who may send which requests: an AuthorizationPolicy with targets. Immutable. Source:
/// `adit.l7.RequestPolicy`.
///
/// @param provider of CUSTOM, else empty
/// @param dryRun only told, never enforced
/// @param rules any of them; none: never
public record RequestPolicy(
    String namespace,
    String name,
    List<Target> targets,
    Action action,
    String provider,
    boolean dryRun,
    List<Rule> rules) {
  public RequestPolicy {
    targets = List.copyOf(targets);
    rules = List.copyOf(rules);
  }

  /// What a match means.
  public enum Action {
    ALLOW,
    DENY,
    AUDIT,
    CUSTOM
  }

  /// One of `from` and one of `to`, if there are any, and all of `when`.
  public record Rule(List<Source> from, List<Operation> to, List<Condition> when) {
    public Rule {
      from = List.copyOf(from);
      to = List.copyOf(to);
      when = List.copyOf(when);
    }
  }

  /// Who sends.
  ///
  /// @param principals without `spiffe://`
  /// @param requestPrincipals `issuer/subject` of the token
  /// @param ips of the peer
  /// @param remoteIps of the client, as trusted headers have it
  public record Source(
      Values<StringMatch> principals,
      Values<StringMatch> requestPrincipals,
      Values<StringMatch> namespaces,
      Values<Account> serviceAccounts,
      Values<StringMatch> trustDomains,
      Values<Cidr> ips,
      Values<Cidr> remoteIps) {}

  /// A service account of any trust domain.
  public record Account(String namespace, String name) {}

  /// What is asked for.
  ///
  /// @param hosts lower case
  public record Operation(
      Values<StringMatch> hosts,
      Values<Integer> ports,
      Values<StringMatch> methods,
      Values<PathPattern> paths) {}

  /// A condition on a path without its query.
  public sealed interface PathPattern {
    /// As written: `x`, `x*`, `*x`, `*`.
    record Text(StringMatch text) implements PathPattern {}

    /// With `{*}` for a segment and `{**}` for any number of them.
    ///
    /// @param written by the author
    record Template(String written, Pattern pattern) implements PathPattern {}

    /// Whether it holds.
    default boolean matches(String path) {
      return switch (this) {
        case Text(var text) -> text.matches(path);
        case Template(_, var pattern) -> pattern.matches(path);
      };
    }
  }

  /// A further condition.
  ///
  /// @param key as written
  /// @param values for what is text
  /// @param ranges for what is an address
  public record Condition(
      String key, Attribute attribute, Values<StringMatch> values, Values<Cidr> ranges) {}

  /// What a condition looks at.
  public sealed interface Attribute {
    /// @param name lower case
    record Header(String name) implements Attribute {}

    /// @param path from the outermost claim
    record Claim(List<String> path) implements Attribute {
      public Claim {
        path = List.copyOf(path);
      }
    }

    record Of(Property property) implements Attribute {}
  }

  /// A property of request or connection.
  public enum Property {
    SOURCE_IP("source.ip"),
    REMOTE_IP("remote.ip"),
    SOURCE_NAMESPACE("source.namespace"),
    SOURCE_PRINCIPAL("source.principal"),
    SOURCE_SERVICE_ACCOUNT("source.serviceAccount"),
    REQUEST_PRINCIPAL("request.auth.principal"),
    AUDIENCES("request.auth.audiences"),
    PRESENTER("request.auth.presenter"),
    DESTINATION_IP("destination.ip"),
    DESTINATION_PORT("destination.port"),
    SNI("connection.sni");

    private final String key;

    Property(String key) {
      this.key = key;
    }

    /// As users write it.
    public String key() {
      return key;
    }

    /// Whether it is an address.
    public boolean isAddress() {
      return this == SOURCE_IP || this == REMOTE_IP || this == DESTINATION_IP;
    }
  }

  /// The resource name.
  public String key() {
    return namespace + "/" + name;
  }
}
