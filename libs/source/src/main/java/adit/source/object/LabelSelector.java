package adit.source.object;

import java.util.List;
import java.util.Map;

/// A `LabelSelector` of Kubernetes: what all of it says must hold. An empty one chooses everything.
///
/// @param matchLabels labels with these values
/// @param expressions further demands
public record LabelSelector(Map<String, String> matchLabels, List<Expression> expressions) {
  /// Chooses everything.
  public static final LabelSelector EVERYTHING = new LabelSelector(Map.of(), List.of());

  public LabelSelector {
    matchLabels = Map.copyOf(matchLabels);
    expressions = List.copyOf(expressions);
  }

  /// One of `matchExpressions`.
  ///
  /// @param key the label
  /// @param operator what is demanded of it
  /// @param values for `In` and `NotIn`
  public record Expression(String key, Operator operator, List<String> values) {
    public Expression {
      values = List.copyOf(values);
    }

    boolean matches(Map<String, String> labels) {
      String value = labels.get(key);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case DOES_NOT_EXIST -> value == null;
      };
    }
  }

  /// `operator`.
  public enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    DOES_NOT_EXIST
  }

  /// Whether an object with these labels is chosen.
  public boolean matches(Map<String, String> labels) {
    return labels.entrySet().containsAll(matchLabels.entrySet())
        && expressions.stream().allMatch(expression -> expression.matches(labels));
  }
}
