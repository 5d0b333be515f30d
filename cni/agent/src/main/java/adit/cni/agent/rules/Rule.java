package adit.cni.agent.rules;

import java.util.List;

/// One rule: when all matches hold, the packet is counted and the action taken.
///
/// @param name what the rule is for, unique in its table; kept in the kernel as the rule's comment
/// @param matches in the order of evaluation
/// @param action what happens
public record Rule(String name, List<Match> matches, Action action) {
  /// Copies the matches.
  public Rule {
    matches = List.copyOf(matches);
  }

  static Rule of(String name, Action action, Match... matches) {
    return new Rule(name, List.of(matches), action);
  }

  String text() {
    StringBuilder text = new StringBuilder("    ");
    for (Match match : matches) {
      text.append(match.text()).append(' ');
    }
    return text.append("counter ")
        .append(action.text())
        .append(" comment \"")
        .append(name)
        .append("\"\n")
        .toString();
  }
}
