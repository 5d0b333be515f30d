package adit.cli.demo;

import adit.cli.demo.step.Findings;
import java.io.PrintWriter;
import java.util.Locale;

/// Tells the story to a person.
record Narrator(PrintWriter out) {
  void opening() {
    out.println(
        "Adit demo: a bookshop on two nodes of this machine joins the mesh. Every line marked");
    out.println(
        "'measured' was measured now, by packet capture, request loops and the proxies' logs.");
    out.flush();
  }

  void told(StepRecord step) {
    out.println();
    out.println(
        String.format(
            Locale.ROOT,
            "%2d. %s\n    %s  (%.1f s)",
            step.number(),
            step.title(),
            step.held() ? "ok" : "FAILED",
            step.seconds()));
    step.done().forEach(line -> out.println("      done      " + line));
    for (Findings.Finding finding : step.measured()) {
      out.println("      " + (finding.held() ? "measured  " : "FAILED    ") + finding.text());
    }
    out.flush();
  }

  void closing(boolean held, double seconds) {
    out.println();
    out.println(
        String.format(
            Locale.ROOT,
            "%s  (%.0f s)",
            held ? "All steps held." : "FAILED: not all steps held.",
            seconds));
    out.flush();
  }
}
