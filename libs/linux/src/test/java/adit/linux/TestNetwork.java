package adit.linux;

import adit.linux.topology.Command;
import adit.linux.topology.NamedNetns;
import java.io.IOException;

/// Names of namespaces that belong to this run of the tests alone.
final class TestNetwork {
  private TestNetwork() {}

  static String instance(String name) {
    return "linuxtest-" + name + "-" + ProcessHandle.current().pid();
  }

  static NamedNetns named(String name) {
    return new NamedNetns(instance(name));
  }

  static void delete(NamedNetns... all) throws IOException {
    for (NamedNetns netns : all) {
      Command.of("ip", "netns", "delete", netns.name()).output();
    }
  }
}
