package adit.ztunnel.app;

import adit.model.Decode;
import adit.model.InvalidResource;
import adit.model.MeshChange;
import adit.model.Policy;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.proxy.ConfigException;
import adit.telemetry.Log;
import adit.ztunnel.config.ZtunnelConfig;
import adit.ztunnel.local.LocalMesh;
import adit.ztunnel.view.MeshBoard;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;

/// The mesh of `LOCAL_XDS_PATH` or `LOCAL_XDS`, on the board before anything else is. An error is
/// fatal: a file that is read once must be right.
final class LocalState {
  private LocalState() {}

  static void load(
      ZtunnelConfig.Control control, MeshBoard board, ScheduledExecutorService owner, Log log)
      throws IOException {
    String source = control.localFile() == null ? "LOCAL_XDS" : control.localFile().toString();
    String text =
        control.localFile() == null ? control.localText() : Files.readString(control.localFile());
    if (text == null) {
      return;
    }
    LocalMesh mesh = LocalMesh.parse(source, text);
    MeshChange change = change(source, mesh);
    try {
      owner.submit(() -> board.apply(change)).get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IOException(source + ": " + e.getMessage(), e);
    }
    log.info(
        "local mesh loaded",
        "source",
        source,
        "workloads",
        change.workloads().size(),
        "services",
        change.services().size(),
        "policies",
        change.policies().size());
  }

  private static MeshChange change(String source, LocalMesh mesh) {
    try {
      List<MeshChange> parts = new ArrayList<>();
      for (Address address : mesh.addresses()) {
        parts.add(Decode.address(source, address));
      }
      List<Policy> policies = new ArrayList<>();
      for (Authorization policy : mesh.policies()) {
        policies.add(Decode.authorization(policy));
      }
      return new MeshChange(
          parts.stream().flatMap(part -> part.workloads().stream()).toList(),
          parts.stream().flatMap(part -> part.services().stream()).toList(),
          policies,
          List.of(),
          List.of());
    } catch (InvalidResource e) {
      throw new ConfigException(source + ": " + e.getMessage(), e);
    }
  }
}
