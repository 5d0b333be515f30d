package adit.cli.local;

import adit.cli.local.run.Instance;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine.Option;

/// Which instance a command is about.
final class InstanceOption {
  @Option(
      names = "--name",
      defaultValue = "local",
      description = "name of the instance (default: ${DEFAULT-VALUE}); several run side by side")
  private String name = "local";

  Instance instance() {
    return new Instance(name);
  }

  /// What the supervisor last knew.
  StatusReport report() throws IOException {
    try {
      return StatusReport.read(instance().statusFile());
    } catch (NoSuchFileException e) {
      throw new IOException(
          "there is no instance " + name + " (start one: adit local up -f DIR)", e);
    }
  }
}
