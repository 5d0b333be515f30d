package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The HTTP/2 listener under h2spec (RFC 9113, RFC 7541), through a tunnel.
final class Http2SpecTest {
  @Test
  void listener_passesEveryCase(@TempDir Path directory) throws Exception {
    String program = System.getenv("ADIT_H2SPEC");
    assumeTrue(program != null, "ADIT_H2SPEC: not set (expected: the program h2spec)");
    if (program == null) {
      return;
    }
    try (var mesh = new LoopMesh();
        var backend = new Http2Peer.Backend("127.0.0.2", 0, "first")) {
      Service.Builder service = LoopMesh.service("a", 80, backend.port(), "10.96.0.1");
      service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP2);
      mesh.publish(service, "127.0.0.2");
      Path log = directory.resolve("h2spec.log");

      try (var bridge = ByteBridge.open(mesh, "10.96.0.1:80")) {
        Process run =
            new ProcessBuilder(program, "-p", Integer.toString(bridge.port()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = run.waitFor(3, TimeUnit.MINUTES);
        run.destroyForcibly();

        assertThat(ended).as("ended in time").isTrue();
        assertThat(run.exitValue()).as(Files.readString(log)).isZero();
      }
    }
  }
}
