package adit.cni.agent.rules;

import java.util.List;
import java.util.stream.Stream;

/// A table of nftables, family `inet`: the unit that is written and replaced in one transaction.
///
/// @param name name of the table; nobody but the agent writes to it
/// @param sets the sets that rules refer to
/// @param chains the chains
public record Table(String name, List<AddressSet> sets, List<Chain> chains) {
  /// Copies the lists.
  public Table {
    sets = List.copyOf(sets);
    chains = List.copyOf(chains);
  }

  /// The transaction that puts this table in place of whatever table of the name is there. The
  /// kernel applies all of it or nothing, so no packet sees a half of it.
  public String transaction() {
    StringBuilder text = new StringBuilder();
    // A table that is not there cannot be deleted, so it is made first.
    text.append("add table inet ").append(name).append('\n');
    text.append("delete table inet ").append(name).append('\n');
    text.append("table inet ").append(name).append(" {\n");
    sets.forEach(set -> text.append(set.text()));
    chains.forEach(chain -> text.append(chain.text()));
    return text.append("}\n").toString();
  }

  /// Names of all rules in order.
  public Stream<String> ruleNames() {
    return chains.stream().flatMap(chain -> chain.rules().stream()).map(Rule::name);
  }
}
