package adit.l7;

import adit.l7.RequestPolicy.Account;
import adit.l7.RequestPolicy.Attribute;
import adit.l7.RequestPolicy.Condition;
import adit.l7.RequestPolicy.Operation;
import adit.l7.RequestPolicy.PathPattern;
import adit.l7.RequestPolicy.Property;
import adit.l7.RequestPolicy.Rule;
import adit.l7.RequestPolicy.Source;
import adit.model.Cidr;
import adit.model.Policy.StringMatch;
import adit.model.Policy.Values;
import adit.model.SpiffeId;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Whether the parts of a policy's rule hold for a request.
///
/// For a connection that is not HTTP, a condition on the request holds only if the rule is to be
/// widened (DENY): a request that cannot be seen is not let pass by a rule about requests, and is
/// refused by one.
final class RequestConditions {
  private RequestConditions() {}

  static boolean matches(Rule rule, RequestFacts facts, boolean widen) {
    return anyOf(rule.from(), one -> from(one, facts, widen))
        && anyOf(rule.to(), one -> to(one, facts, widen))
        && allOf(rule.when(), one -> when(one, facts, widen));
  }

  private static <T> boolean anyOf(List<T> all, Predicate<T> holds) {
    if (all.isEmpty()) {
      return true;
    }
    for (T one : all) {
      if (holds.test(one)) {
        return true;
      }
    }
    return false;
  }

  private static <T> boolean allOf(List<T> all, Predicate<T> holds) {
    for (T one : all) {
      if (!holds.test(one)) {
        return false;
      }
    }
    return true;
  }

  private static boolean from(Source source, RequestFacts facts, boolean widen) {
    SpiffeId id = facts.source();
    Token token = facts.token();
    return text(source.principals(), id == null ? null : id.principal())
        && text(source.namespaces(), id == null ? null : id.namespace())
        && text(source.trustDomains(), id == null ? null : id.trustDomain())
        && accounts(source.serviceAccounts(), id)
        && ranges(source.ips(), facts.sourceAddress())
        && ranges(source.remoteIps(), facts.remoteAddress())
        && http(
            source.requestPrincipals().isEmpty(),
            facts,
            widen,
            () -> text(source.requestPrincipals(), token == null ? null : token.principal()));
  }

  private static boolean to(Operation operation, RequestFacts facts, boolean widen) {
    boolean ofTheRequest =
        !operation.hosts().isEmpty()
            || !operation.methods().isEmpty()
            || !operation.paths().isEmpty();
    return ports(operation.ports(), facts.port())
        && http(!ofTheRequest, facts, widen, () -> request(operation, facts));
  }

  private static boolean request(Operation operation, RequestFacts facts) {
    return host(operation.hosts(), facts.authority())
        && text(operation.methods(), facts.method())
        && paths(operation.paths(), facts.path());
  }

  /// A condition on requests.
  private interface Holds {
    boolean test();
  }

  private static boolean http(boolean none, RequestFacts facts, boolean widen, Holds condition) {
    return none || (facts.isHttp() ? condition.test() : widen);
  }

  private static boolean when(Condition condition, RequestFacts facts, boolean widen) {
    Values<StringMatch> values = condition.values();
    return switch (condition.attribute()) {
      case Attribute.Header(var name) ->
          http(false, facts, widen, () -> text(values, facts.header(name)));
      case Attribute.Claim(var path) ->
          http(false, facts, widen, () -> texts(values, claim(facts.token(), path)));
      case Attribute.Of(var property) -> property(property, condition, facts, widen);
    };
  }

  private static List<String> claim(@Nullable Token token, List<String> path) {
    return token == null ? List.of() : token.claim(path);
  }

  private static boolean property(
      Property property, Condition condition, RequestFacts facts, boolean widen) {
    Values<StringMatch> values = condition.values();
    SpiffeId id = facts.source();
    Token token = facts.token();
    return switch (property) {
      case SOURCE_IP -> ranges(condition.ranges(), facts.sourceAddress());
      case REMOTE_IP -> ranges(condition.ranges(), facts.remoteAddress());
      case DESTINATION_IP -> ranges(condition.ranges(), facts.destinationAddress());
      case DESTINATION_PORT -> text(values, Integer.toString(facts.port()));
      case SNI -> text(values, facts.serverName());
      case SOURCE_NAMESPACE -> text(values, id == null ? null : id.namespace());
      case SOURCE_PRINCIPAL -> text(values, id == null ? null : id.principal());
      case SOURCE_SERVICE_ACCOUNT ->
          text(values, id == null ? null : id.namespace() + "/" + id.serviceAccount());
      case REQUEST_PRINCIPAL ->
          http(false, facts, widen, () -> text(values, token == null ? null : token.principal()));
      case PRESENTER ->
          http(false, facts, widen, () -> text(values, token == null ? null : token.presenter()));
      case AUDIENCES ->
          http(
              false,
              facts,
              widen,
              () -> texts(values, token == null ? List.of() : token.audiences()));
    };
  }

  private static boolean text(Values<StringMatch> values, @Nullable String seen) {
    return values.isEmpty()
        || ((values.is().isEmpty() || any(values.is(), seen)) && !any(values.isNot(), seen));
  }

  private static boolean texts(Values<StringMatch> values, List<String> seen) {
    boolean is = values.is().isEmpty();
    for (String one : seen) {
      if (any(values.isNot(), one)) {
        return false;
      }
      is |= any(values.is(), one);
    }
    return is;
  }

  private static boolean any(List<StringMatch> matches, @Nullable String seen) {
    for (int i = 0; i < matches.size(); i++) {
      if (matches.get(i).matches(seen)) {
        return true;
      }
    }
    return false;
  }

  /// A host with or without its port.
  private static boolean host(Values<StringMatch> values, String authority) {
    if (values.isEmpty()) {
      return true;
    }
    String whole = authority.toLowerCase(Locale.ROOT);
    int colon = whole.lastIndexOf(':');
    String name = colon > 0 && whole.indexOf(']', colon) < 0 ? whole.substring(0, colon) : whole;
    boolean is = values.is().isEmpty() || any(values.is(), whole) || any(values.is(), name);
    return is && !any(values.isNot(), whole) && !any(values.isNot(), name);
  }

  private static boolean paths(Values<PathPattern> values, String path) {
    return (values.is().isEmpty() || anyPath(values.is(), path))
        && (values.isNot().isEmpty() || !anyPath(values.isNot(), path));
  }

  private static boolean anyPath(List<PathPattern> patterns, String path) {
    for (PathPattern pattern : patterns) {
      if (pattern.matches(path)) {
        return true;
      }
    }
    return false;
  }

  private static boolean ports(Values<Integer> values, int port) {
    return (values.is().isEmpty() || values.is().contains(port)) && !values.isNot().contains(port);
  }

  private static boolean accounts(Values<Account> values, @Nullable SpiffeId id) {
    if (values.isEmpty()) {
      return true;
    }
    Account seen = id == null ? null : new Account(id.namespace(), id.serviceAccount());
    return (values.is().isEmpty() || (seen != null && values.is().contains(seen)))
        && (seen == null || !values.isNot().contains(seen));
  }

  private static boolean ranges(Values<Cidr> values, InetAddress ip) {
    return (values.is().isEmpty() || contains(values.is(), ip))
        && (values.isNot().isEmpty() || !contains(values.isNot(), ip));
  }

  private static boolean contains(List<Cidr> ranges, InetAddress ip) {
    for (Cidr range : ranges) {
      if (range.contains(ip)) {
        return true;
      }
    }
    return false;
  }
}
