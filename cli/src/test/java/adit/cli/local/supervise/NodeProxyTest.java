package adit.cli.local.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import adit.cli.local.run.Instance;
import adit.source.DirectorySource;
import adit.telemetry.Log;
import adit.testkit.Eventually;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Another proxy in the place of ours on each node. Needs root.
final class NodeProxyTest {
  private static final Duration SOON = Duration.ofSeconds(15);

  private final Instance instance = new Instance("proxytest");

  @TempDir private Path directory;

  @Test
  void up_anotherProxyIsNamed_runsItOnEachNodeWithZtunnelsEnvironment() throws Exception {
    Held.end(instance);
    Path yaml = Files.createDirectory(directory.resolve("yaml"));
    // A tree as it is after a build, in which nothing has to be made first.
    script(
        "adit",
        "[ $2 = istiod ] && sleep 0.5 && mkdir -p $ROOT_CA_DIR && echo root >$ROOT_CA_DIR/root-cert.pem;"
            + " exec sleep 1000");
    Files.createFile(
        Files.createDirectories(directory.resolve("cni/plugin/target")).resolve("plugin.jar"));
    Files.createDirectories(directory.resolve("target/cni"));
    script("target/cni/adit-cni", "exit 1");
    Path proxy =
        script(
            "proxy",
            "echo \"$INPOD_UDS $1 $(cat $XDS_ROOT_CA)\" >"
                + directory
                + "/$NODE_NAME; exec sleep 1000");
    Options options =
        new Options(
            instance,
            yaml,
            2,
            directory.resolve("ca"),
            directory,
            true,
            Options.nodeProxy(Map.of("ADIT_ZTUNNEL", proxy + "  proxy")));
    Supervisor supervisor =
        Supervisor.start(options, DirectorySource.open(List.of(yaml)), Log.silent());
    try {
      for (String node : List.of("node-a", "node-b")) {
        Path said = directory.resolve(node);
        Eventually.holds(SOON, () -> Files.exists(said) && Files.size(said) > 0);
        assertThat(said).hasContent(instance.node(node).resolve("ztunnel.sock") + " proxy root\n");
        assertThat(Files.readString(ProgramPlans.tokenFile(instance, node)))
            .matches("[\\w-]+\\.[\\w-]+\\.[\\w-]+");
      }
    } finally {
      supervisor.close();
    }
  }

  @Test
  void nodeProxy_emptyOrAbsent_isOurs() {
    assertThat(Options.nodeProxy(Map.of())).isEmpty();
    assertThat(Options.nodeProxy(Map.of("ADIT_ZTUNNEL", " "))).isEmpty();
  }

  private Path script(String name, String body) throws IOException {
    Path file = directory.resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
