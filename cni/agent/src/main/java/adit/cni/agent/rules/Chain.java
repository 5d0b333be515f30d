package adit.cni.agent.rules;

import java.util.List;

/// A base chain.
///
/// @param name name in the table
/// @param type `filter`, `nat` or `route`
/// @param hook where in the packet's way
/// @param priority order among the chains of the hook
/// @param rules in the order of evaluation; a packet that none accepts goes on
public record Chain(String name, String type, String hook, int priority, List<Rule> rules) {
  /// Before address translation.
  static final int MANGLE = -150;

  /// Where destinations are translated.
  static final int DESTINATION_NAT = -100;

  /// Where sources are translated.
  static final int SOURCE_NAT = 100;

  /// Copies the rules.
  public Chain {
    rules = List.copyOf(rules);
  }

  String text() {
    StringBuilder text = new StringBuilder();
    text.append("  chain ").append(name).append(" {\n");
    text.append("    type ").append(type).append(" hook ").append(hook);
    text.append(" priority ").append(priority).append("; policy accept;\n");
    rules.forEach(rule -> text.append(rule.text()));
    return text.append("  }\n").toString();
  }
}
