package adit.cli.waypoint;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// Columns that line up.
final class Table {
  private static final int GAP = 5;

  private final List<List<String>> rows = new ArrayList<>();

  Table(String... head) {
    rows.add(List.of(head));
  }

  void row(String... cells) {
    rows.add(List.of(cells));
  }

  void print(PrintWriter out) {
    int columns = rows.getFirst().size();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        int at = i;
        int width = rows.stream().mapToInt(one -> one.get(at).length()).max().orElse(0);
        line.append(row.get(i)).repeat(' ', width - row.get(i).length() + GAP);
      }
      out.println(line.toString().stripTrailing());
    }
    out.flush();
  }
}
