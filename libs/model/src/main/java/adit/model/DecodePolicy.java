package adit.model;

import adit.protos.security.Address;
import adit.protos.security.Authorization;
import adit.protos.security.ServiceAccountMatch;
import java.util.ArrayList;
import java.util.List;

/// Policies as checked records.
///
/// Stricter than the reference, which drops matchers that it does not understand and cuts ports to
/// 16 bits: dropping can widen what a policy allows. Here the whole policy is refused by name, the
/// last good one stays, and a workload that lists a policy which never arrived fails closed.
final class DecodePolicy {
  private DecodePolicy() {}

  static Policy policy(Authorization wire) throws InvalidResource {
    String key = wire.getNamespace() + "/" + wire.getName();
    if (wire.getName().isEmpty()) {
      throw new InvalidResource("policy " + key, "name", "\"\"", "not empty");
    }
    Policy.Scope scope =
        switch (wire.getScope()) {
          case GLOBAL -> Policy.Scope.GLOBAL;
          case NAMESPACE -> Policy.Scope.NAMESPACE;
          case WORKLOAD_SELECTOR -> Policy.Scope.WORKLOAD_SELECTOR;
          case UNRECOGNIZED -> throw Decode.unknown(key, "scope", wire.getScopeValue());
        };
    Policy.Action action =
        switch (wire.getAction()) {
          case ALLOW -> Policy.Action.ALLOW;
          case DENY -> Policy.Action.DENY;
          case UNRECOGNIZED -> throw Decode.unknown(key, "action", wire.getActionValue());
        };
    List<Policy.Rule> rules = new ArrayList<>(wire.getRulesCount());
    for (var rule : wire.getRulesList()) {
      List<Policy.Clause> clauses = new ArrayList<>(rule.getClausesCount());
      for (var clause : rule.getClausesList()) {
        List<Policy.Match> matches = new ArrayList<>(clause.getMatchesCount());
        for (var match : clause.getMatchesList()) {
          matches.add(match(key, match));
        }
        clauses.add(new Policy.Clause(matches));
      }
      rules.add(new Policy.Rule(clauses));
    }
    return new Policy(wire.getNamespace(), wire.getName(), scope, action, rules, wire.getDryRun());
  }

  private static Policy.Match match(String key, adit.protos.security.Match wire)
      throws InvalidResource {
    Policy.Match match =
        new Policy.Match(
            new Policy.Values<>(
                strings(key, "namespaces", wire.getNamespacesList()),
                strings(key, "not_namespaces", wire.getNotNamespacesList())),
            new Policy.Values<>(
                accounts(wire.getServiceAccountsList()),
                accounts(wire.getNotServiceAccountsList())),
            new Policy.Values<>(
                strings(key, "principals", wire.getPrincipalsList()),
                strings(key, "not_principals", wire.getNotPrincipalsList())),
            new Policy.Values<>(
                cidrs(key, "source_ips", wire.getSourceIpsList()),
                cidrs(key, "not_source_ips", wire.getNotSourceIpsList())),
            new Policy.Values<>(
                cidrs(key, "destination_ips", wire.getDestinationIpsList()),
                cidrs(key, "not_destination_ips", wire.getNotDestinationIpsList())),
            new Policy.Values<>(
                ports(key, "destination_ports", wire.getDestinationPortsList()),
                ports(key, "not_destination_ports", wire.getNotDestinationPortsList())));
    return match.isEmpty() ? Policy.Match.EMPTY : match;
  }

  private static List<Policy.StringMatch> strings(
      String key, String field, List<adit.protos.security.StringMatch> wire)
      throws InvalidResource {
    List<Policy.StringMatch> matches = new ArrayList<>(wire.size());
    for (var match : wire) {
      matches.add(
          switch (match.getMatchTypeCase()) {
            case EXACT -> new Policy.StringMatch.Exact(match.getExact());
            case PREFIX -> new Policy.StringMatch.Prefix(match.getPrefix());
            case SUFFIX -> new Policy.StringMatch.Suffix(match.getSuffix());
            case PRESENCE -> new Policy.StringMatch.Presence();
            case MATCHTYPE_NOT_SET ->
                throw new InvalidResource(key, field, "unset", "exact, prefix, suffix or presence");
          });
    }
    return matches;
  }

  private static List<Policy.ServiceAccount> accounts(List<ServiceAccountMatch> wire) {
    return wire.stream()
        .map(one -> new Policy.ServiceAccount(one.getNamespace(), one.getServiceAccount()))
        .toList();
  }

  private static List<Cidr> cidrs(String key, String field, List<Address> wire)
      throws InvalidResource {
    List<Cidr> cidrs = new ArrayList<>(wire.size());
    for (Address address : wire) {
      cidrs.add(
          Decode.cidr(
              key, field, Decode.ip(key, field, address.getAddress()), address.getLength()));
    }
    return cidrs;
  }

  private static List<Integer> ports(String key, String field, List<Integer> wire)
      throws InvalidResource {
    for (int port : wire) {
      if (port < 0 || port > 0xFFFF) {
        throw new InvalidResource(key, field, Integer.toUnsignedString(port), "0..65535");
      }
    }
    return wire;
  }
}
