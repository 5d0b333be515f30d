package adit.cli.demo.step;

import adit.cli.demo.stage.Stage;
import java.io.IOException;

/// One request from inside a pod.
final class Page {
  /// The shop's page as web's own pod gets it: everything behind it crosses the mesh.
  static final String OWN = "http://127.0.0.1:8080/";

  private Page() {}

  /// Whether a connection was refused or cut, in contrast to answered, or not answered in time.
  static boolean isRefused(String line) {
    return line.startsWith("failed") && !line.contains("timed out");
  }

  static String get(Stage stage, String pod, String url) throws IOException {
    try {
      return stage.get(pod, url);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "failed: interrupted";
    }
  }
}
