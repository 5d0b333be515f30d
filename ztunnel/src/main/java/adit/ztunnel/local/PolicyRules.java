package adit.ztunnel.local;

import adit.protos.security.Address;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.security.ServiceAccountMatch;
import adit.protos.security.StringMatch;
import adit.proxy.ConfigException;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import java.util.Map;
import java.util.function.Consumer;

/// Rules of a policy in the local file: lists of lists of matches.
final class PolicyRules {
  private PolicyRules() {}

  static Rule rule(String where, JsonNode node) {
    Rule.Builder out = Rule.newBuilder();
    each(where, node, (at, clause) -> out.addClauses(clause(at, clause)));
    return out.build();
  }

  private static Clause clause(String where, JsonNode node) {
    Clause.Builder out = Clause.newBuilder();
    each(where, node, (at, match) -> out.addMatches(Fields.read(at, match, PolicyRules::match)));
    return out.build();
  }

  private static Match match(Fields fields) {
    Match.Builder out = Match.newBuilder();
    texts(fields, "namespaces", out::addNamespaces);
    texts(fields, "notNamespaces", out::addNotNamespaces);
    texts(fields, "principals", out::addPrincipals);
    texts(fields, "notPrincipals", out::addNotPrincipals);
    cidrs(fields, "sourceIps", out::addSourceIps);
    cidrs(fields, "notSourceIps", out::addNotSourceIps);
    cidrs(fields, "destinationIps", out::addDestinationIps);
    cidrs(fields, "notDestinationIps", out::addNotDestinationIps);
    fields.list("destinationPorts", (at, node) -> out.addDestinationPorts(Fields.number(at, node)));
    fields.list(
        "notDestinationPorts", (at, node) -> out.addNotDestinationPorts(Fields.number(at, node)));
    accounts(fields, "serviceAccounts", out::addServiceAccounts);
    accounts(fields, "notServiceAccounts", out::addNotServiceAccounts);
    return out.build();
  }

  private static void texts(Fields fields, String field, Consumer<StringMatch> sink) {
    fields.list(field, (at, node) -> sink.accept(text(at, node)));
  }

  private static StringMatch text(String where, JsonNode node) {
    StringMatch.Builder out = StringMatch.newBuilder();
    if (!node.isObject() || node.size() != 1) {
      throw new ConfigException(
          where, node.toString(), "{Exact: x}, {Prefix: x}, {Suffix: x} or {Presence: []}");
    }
    Map.Entry<String, JsonNode> only = node.properties().iterator().next();
    switch (only.getKey()) {
      case "Exact" -> out.setExact(Fields.scalar(where, only.getValue()));
      case "Prefix" -> out.setPrefix(Fields.scalar(where, only.getValue()));
      case "Suffix" -> out.setSuffix(Fields.scalar(where, only.getValue()));
      case "Presence" -> out.setPresence(Empty.getDefaultInstance());
      default ->
          throw new ConfigException(where, only.getKey(), "Exact, Prefix, Suffix or Presence");
    }
    return out.build();
  }

  private static void cidrs(Fields fields, String field, Consumer<Address> sink) {
    fields.list(field, (at, node) -> sink.accept(cidr(at, Fields.scalar(at, node))));
  }

  private static Address cidr(String where, String text) {
    int slash = text.indexOf('/');
    ByteString address = Wire.address(where, slash < 0 ? text : text.substring(0, slash));
    int length = slash < 0 ? address.size() * 8 : Fields.number(where, text.substring(slash + 1));
    return Address.newBuilder().setAddress(address).setLength(length).build();
  }

  private static void accounts(Fields fields, String field, Consumer<ServiceAccountMatch> sink) {
    fields.list(
        field,
        (at, node) ->
            sink.accept(
                Fields.read(
                    at,
                    node,
                    in ->
                        ServiceAccountMatch.newBuilder()
                            .setNamespace(in.requiredText("namespace"))
                            .setServiceAccount(in.requiredText("serviceAccount"))
                            .build())));
  }

  /// What a list's element becomes.
  private interface Element {
    void read(String where, JsonNode node);
  }

  private static void each(String where, JsonNode list, Element element) {
    if (!list.isArray()) {
      throw new ConfigException(where, list.toString(), "a list");
    }
    for (int i = 0; i < list.size(); i++) {
      element.read(where + "[" + i + "]", list.get(i));
    }
  }
}
