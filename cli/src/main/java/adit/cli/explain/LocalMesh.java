package adit.cli.explain;

import adit.cli.local.run.Instance;
import adit.cli.local.supervise.StatusReport;
import adit.linux.Netns;
import adit.linux.topology.NamedNetns;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// A local mesh: its programs listen in network namespaces of this machine.
///
/// @param report where they are
record LocalMesh(StatusReport report) implements MeshAccess {
  private static final int MONITORING = 15_014;
  private static final int ADMIN = 15_000;

  /// @param name of an instance that runs
  static LocalMesh open(String name) throws IOException {
    try {
      return new LocalMesh(StatusReport.read(new Instance(name).statusFile()));
    } catch (NoSuchFileException e) {
      throw new IOException(
          "--local: " + name + " (expected: an instance that runs: adit local up -f DIR)", e);
    }
  }

  @Override
  public JsonNode istiod(String path) throws IOException {
    return page("istiod", MONITORING, path);
  }

  @Override
  public JsonNode refusals(String node) throws IOException {
    return page("ztunnel/" + node, ADMIN, "/refusals");
  }

  private JsonNode page(String program, int port, String path) throws IOException {
    String netns =
        report.programs().stream()
            .filter(one -> one.name().equals(program))
            .map(StatusReport.ProgramStatus::netns)
            .findFirst()
            .orElseThrow(() -> new IOException("there is no " + program));
    var named = new NamedNetns(String.valueOf(Path.of(netns).getFileName()));
    try (Netns within = named.open()) {
      return within.call(() -> Pages.get(port, path));
    } catch (IOException e) {
      throw new IOException(program + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {}
}
