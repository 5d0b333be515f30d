package adit.source.object;

import adit.source.object.LabelSelector.Expression;
import adit.source.object.LabelSelector.Operator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads network policies.
///
/// @param reader what it belongs to
record NetworkReader(ObjectReader reader) {
  NetworkPolicy networkPolicy(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    List<String> types = spec.texts("policyTypes");
    List<NetworkPolicy.Rule> ingress = spec.objects("ingress", rule -> rule(rule, "from"));
    List<NetworkPolicy.Rule> egress = spec.objects("egress", rule -> rule(rule, "to"));
    boolean out = types.isEmpty() ? spec.has("egress") : types.contains("Egress");
    NetworkPolicy policy =
        new NetworkPolicy(
            meta,
            selector(spec.object("podSelector")),
            types.isEmpty() || types.contains("Ingress") ? ingress : null,
            out ? egress : null);
    reader.strict(spec);
    return policy;
  }

  private NetworkPolicy.Rule rule(Fields rule, String peers) {
    String written = rule.json(peers);
    NetworkPolicy.Rule result =
        new NetworkPolicy.Rule(
            rule.objects("ports", this::port), written.equals("[]") ? "" : written);
    reader.strict(rule);
    return result;
  }

  private NetworkPolicy.Port port(Fields port) {
    String protocol = CoreReader.protocol(port);
    PortRef written = port.portRefOrNull("port");
    int first =
        switch (written) {
          case null -> 0;
          case PortRef.Numbered(int number) -> number;
          case PortRef.Named(String _) -> -1;
        };
    NetworkPolicy.Port result =
        new NetworkPolicy.Port(protocol, first, port.port("endPort", first));
    reader.strict(port);
    return result;
  }

  LabelSelector selector(Fields selector) {
    LabelSelector result =
        new LabelSelector(
            selector.textMap("matchLabels"),
            selector.objects("matchExpressions", this::expressionOrNull));
    reader.strict(selector);
    return result;
  }

  private @Nullable Expression expressionOrNull(Fields expression) {
    String key = expression.requiredText("key");
    String written = expression.requiredText("operator");
    List<String> values = expression.texts("values");
    reader.strict(expression);
    Operator operator =
        switch (written) {
          case "In" -> Operator.IN;
          case "NotIn" -> Operator.NOT_IN;
          case "Exists" -> Operator.EXISTS;
          case "DoesNotExist" -> Operator.DOES_NOT_EXIST;
          default -> null;
        };
    if (operator == null) {
      expression.invalid(
          Problem.Severity.ERROR, "operator", "one of In, NotIn, Exists, DoesNotExist");
      return null;
    }
    return new Expression(key, operator, values);
  }
}
