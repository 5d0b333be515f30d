package adit.cli.explain;

import adit.cli.explain.Explanation.Detail;
import adit.cli.explain.Explanation.Hop;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/// An explanation as a page of text.
///
/// @param request as HTTP
/// @param last real refusals
/// @param silent proxies that could not be asked for those
/// @param invalid what proxies refuse of the control plane's resources
record Report(
    String client,
    String destination,
    String request,
    Explanation explanation,
    List<LastRefusals.One> last,
    List<String> silent,
    List<String> invalid) {

  void print(PrintWriter out) {
    out.println(client + " -> " + destination + "  " + request);
    out.println(explanation.summary());
    int number = 1;
    for (Hop hop : explanation.hops()) {
      out.println(String.format(Locale.ROOT, "  %d %s: %s", number++, hop.where(), hop.what()));
      for (Detail detail : hop.details()) {
        out.println(String.format(Locale.ROOT, "      %-8s %s", detail.topic(), detail.text()));
      }
    }
    last.forEach(one -> out.println("refused " + one.time() + ": " + one.text()));
    if (last.isEmpty()) {
      out.println("no refusal between them is remembered");
    }
    silent.forEach(line -> out.println("not asked: " + line));
    invalid.forEach(line -> out.println("not in force: " + line));
    explanation.next().forEach(line -> out.println("next: " + line));
    out.flush();
  }
}
