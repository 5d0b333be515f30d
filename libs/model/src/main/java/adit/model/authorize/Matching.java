package adit.model.authorize;

import adit.model.Cidr;
import adit.model.Policy;
import adit.model.Policy.Clause;
import adit.model.Policy.Match;
import adit.model.Policy.Rule;
import adit.model.Policy.StringMatch;
import adit.model.Policy.Values;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Whether policies match a connection: the three levels of {@link Policy}, as written there.
final class Matching {
  private Matching() {}

  /// Index of the first rule that matches, or -1.
  static int firstRule(Policy policy, Connection connection) {
    List<Rule> rules = policy.rules();
    for (int i = 0; i < rules.size(); i++) {
      if (matches(rules.get(i), connection)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean matches(Rule rule, Connection connection) {
    for (Clause clause : rule.clauses()) {
      if (!matches(clause, connection)) {
        return false;
      }
    }
    return true;
  }

  private static boolean matches(Clause clause, Connection connection) {
    for (Match match : clause.matches()) {
      if (!match.isEmpty() && matches(match, connection)) {
        return true;
      }
    }
    return clause.matches().isEmpty();
  }

  static boolean matches(Match match, Connection connection) {
    String namespace = connection.source() == null ? "" : connection.source().namespace();
    return ports(match.destinationPorts(), connection.destinationPort())
        && strings(match.principals(), connection.principal())
        && strings(match.namespaces(), namespace)
        && accounts(match.serviceAccounts(), connection)
        && ips(match.sourceIps(), connection.sourceIp())
        && ips(match.destinationIps(), connection.destinationIp());
  }

  private static boolean ports(Values<Integer> values, int port) {
    return (values.is().isEmpty() || values.is().contains(port)) && !values.isNot().contains(port);
  }

  private static boolean strings(Values<StringMatch> values, @Nullable String text) {
    return (values.is().isEmpty() || any(values.is(), text)) && !any(values.isNot(), text);
  }

  private static boolean any(List<StringMatch> matches, @Nullable String text) {
    for (StringMatch match : matches) {
      if (match.matches(text)) {
        return true;
      }
    }
    return false;
  }

  private static boolean accounts(Values<Policy.ServiceAccount> values, Connection connection) {
    if (values.isEmpty()) {
      return true;
    }
    Policy.ServiceAccount account =
        connection.source() == null
            ? null
            : new Policy.ServiceAccount(
                connection.source().namespace(), connection.source().serviceAccount());
    boolean is = values.is().isEmpty() || (account != null && values.is().contains(account));
    return is && (account == null || !values.isNot().contains(account));
  }

  private static boolean ips(Values<Cidr> values, InetAddress ip) {
    return (values.is().isEmpty() || anyContains(values.is(), ip))
        && !anyContains(values.isNot(), ip);
  }

  private static boolean anyContains(List<Cidr> cidrs, InetAddress ip) {
    for (Cidr cidr : cidrs) {
      if (cidr.contains(ip)) {
        return true;
      }
    }
    return false;
  }
}
