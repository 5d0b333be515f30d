package adit.source.object;

import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the policies of security.istio.io. Field names are those of Istio's CRDs.
///
/// @param reader what it belongs to
record SecurityReader(ObjectReader reader) {
  private static final List<String> SOURCE_L7 =
      List.of(
          "requestPrincipals",
          "notRequestPrincipals",
          "remoteIpBlocks",
          "notRemoteIpBlocks",
          "trustDomains",
          "notTrustDomains");
  private static final List<String> OPERATION_L7 =
      List.of("hosts", "notHosts", "methods", "notMethods", "paths", "notPaths");

  private static final int LONGEST_KEY = 1024;

  // Source: Istio's reference of the conditions of AuthorizationPolicy.
  private static final Predicate<String> WHEN_KEY =
      Pattern.compile(
              "request\\.headers\\[[^\\]]+\\]"
                  + "|request\\.auth\\.(principal|audiences|presenter|claims(\\[[^\\]]+\\])++)"
                  + "|(source|remote|destination)\\.ip|destination\\.port|connection\\.sni"
                  + "|source\\.(namespace|principal|serviceAccount)|experimental\\..+")
          .asMatchPredicate();

  PeerAuthentication peerAuthentication(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    Map<Integer, PeerAuthentication.Mode> ports = new HashMap<>();
    Fields portModes = spec.object("portLevelMtls");
    for (String port : portModes.unknown()) {
      Fields mtls = portModes.object(port);
      int number = TextForm.portOrZero(port);
      if (number > 0) {
        ports.put(number, mode(mtls));
      } else {
        portModes.invalid(reader.ofValues(), port, "a port 1..65535 as the key");
      }
    }
    PeerAuthentication policy =
        new PeerAuthentication(meta, selectorOrNull(spec), mode(spec.object("mtls")), ports);
    spec.refuseUnknown(reader.mild());
    if (policy.selector() == null && !ports.isEmpty()) {
      spec.invalid(reader.mild(), "portLevelMtls", "only together with a selector");
    }
    return policy;
  }

  private PeerAuthentication.Mode mode(Fields mtls) {
    PeerAuthentication.Mode mode =
        mtls.choice("mode", PeerAuthentication.Mode.UNSET, PeerAuthentication.Mode.values());
    mtls.refuseUnknown(reader.mild());
    return mode;
  }

  private @Nullable Map<String, String> selectorOrNull(Fields spec) {
    Fields selector = spec.object("selector");
    if (!selector.present()) {
      return null;
    }
    Map<String, String> labels = selector.textMap("matchLabels");
    selector.refuseUnknown(reader.mild());
    return labels;
  }

  AuthorizationPolicy authorizationPolicy(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    List<AuthorizationPolicy.TargetRef> targets =
        new ArrayList<>(spec.objects("targetRefs", this::target));
    Fields single = spec.object("targetRef");
    if (single.present()) {
      targets.add(target(single));
    }
    AuthorizationPolicy policy =
        new AuthorizationPolicy(
            meta,
            selectorOrNull(spec),
            targets,
            spec.choice(
                "action", AuthorizationPolicy.Action.ALLOW, AuthorizationPolicy.Action.values()),
            spec.objects("rules", this::rule),
            targets.isEmpty() ? MissingNode.getInstance() : fields.tree("spec"));
    // A field beside the rules may narrow or widen the policy; only a strict reader may refuse it.
    spec.ignore("provider").refuseUnknown(reader.mild());
    if (policy.selector() != null && !targets.isEmpty()) {
      spec.invalid(reader.mild(), "selector", "either selector or targetRefs");
    }
    return policy;
  }

  private AuthorizationPolicy.TargetRef target(Fields target) {
    AuthorizationPolicy.TargetRef result =
        new AuthorizationPolicy.TargetRef(
            target.text("group"),
            target.requiredText("kind"),
            target.text("namespace"),
            target.requiredText("name"));
    target.refuseUnknown(reader.mild());
    return result;
  }

  private AuthorizationPolicy.Rule rule(Fields rule) {
    List<AuthorizationPolicy.Source> from = rule.objects("from", this::source);
    List<AuthorizationPolicy.Operation> to = rule.objects("to", this::operation);
    List<AuthorizationPolicy.Condition> when = rule.objects("when", this::condition);
    List<String> unknown = rule.unknown();
    rule.refuseUnknown(reader.mild());
    return new AuthorizationPolicy.Rule(from, to, when, unknown);
  }

  private AuthorizationPolicy.Source source(Fields from) {
    Fields source = from.object("source");
    if (source.empty()) {
      from.invalid(reader.mild(), "source", "at least one field");
    }
    List<String> unsupported = setOf(source, SOURCE_L7);
    AuthorizationPolicy.Values principals = values(source, "principals", TextForm.SOME);
    AuthorizationPolicy.Values namespaces = values(source, "namespaces", TextForm.SOME);
    AuthorizationPolicy.Values accounts = values(source, "serviceAccounts", TextForm.ACCOUNT);
    AuthorizationPolicy.Values blocks = values(source, "ipBlocks", TextForm.RANGE);
    unsupported.addAll(source.unknown());
    unsupported.addAll(from.unknown());
    source.refuseUnknown(reader.mild());
    from.refuseUnknown(reader.mild());
    return new AuthorizationPolicy.Source(principals, namespaces, accounts, blocks, unsupported);
  }

  private AuthorizationPolicy.Operation operation(Fields to) {
    Fields operation = to.object("operation");
    if (operation.empty()) {
      to.invalid(reader.mild(), "operation", "at least one field");
    }
    List<String> unsupported = setOf(operation, OPERATION_L7);
    AuthorizationPolicy.Values ports = values(operation, "ports", TextForm.PORT);
    unsupported.addAll(operation.unknown());
    unsupported.addAll(to.unknown());
    operation.refuseUnknown(reader.mild());
    to.refuseUnknown(reader.mild());
    return new AuthorizationPolicy.Operation(ports, unsupported);
  }

  private AuthorizationPolicy.Condition condition(Fields when) {
    String key = when.requiredText("key");
    if (!key.isEmpty() && (key.length() > LONGEST_KEY || !WHEN_KEY.test(key))) {
      when.invalid(reader.mild(), "key", "a key of the reference, as in source.ip");
    }
    AuthorizationPolicy.Condition result =
        new AuthorizationPolicy.Condition(key, values(when, "values", form(key)));
    if (result.values().isEmpty()) {
      when.invalid(reader.mild(), "values", "values or notValues");
    }
    when.refuseUnknown(reader.mild());
    return result;
  }

  private static TextForm form(String key) {
    return switch (key) {
      case "source.ip", "destination.ip", "remote.ip" -> TextForm.RANGE;
      case "destination.port" -> TextForm.PORT;
      default -> TextForm.SOME;
    };
  }

  /// A field and its opposite: `ports` and `notPorts`.
  private AuthorizationPolicy.Values values(Fields fields, String name, TextForm form) {
    String opposite = "not" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
    return new AuthorizationPolicy.Values(
        fields.texts(name, form, reader.ofValues()),
        fields.texts(opposite, form, reader.ofValues()));
  }

  private static List<String> setOf(Fields fields, List<String> names) {
    List<String> result = new ArrayList<>();
    for (String name : names) {
      if (!fields.texts(name).isEmpty()) {
        result.add(name);
      }
    }
    return result;
  }
}
