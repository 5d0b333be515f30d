package adit.istiod.debug;

import adit.istiod.ca.Caller;
import adit.istiod.ca.Credentials;
import adit.istiod.translate.MeshSettings;
import adit.protos.clientstatus.ClientConfig;
import adit.protos.clientstatus.ConfigStatus;
import adit.protos.core.ControlPlane;
import adit.protos.core.Node;
import adit.protos.discovery.DiscoveryResponse;
import adit.xds.DeltaServer;
import adit.xds.Queries;
import adit.xds.SyncStatus;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Any;
import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.StatusException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What `istioctl version` and `istioctl proxy-status` ask over a discovery stream: which proxies
/// are connected and what of their configuration they have accepted. Only callers of the control
/// plane's own namespace are told, because it shows the whole mesh.
///
/// @param mesh for the namespace
/// @param replica name of this process among its replicas
/// @param servers whose clients are told of
public record DebugQueries(MeshSettings mesh, String replica, Supplier<List<DeltaServer>> servers)
    implements Queries {
  private static final String SYNC = "istio.io/debug/syncz";
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public DiscoveryResponse answer(Node node, String typeUrl) throws StatusException {
    Caller caller = Credentials.current();
    if (caller == null) {
      throw Status.UNAUTHENTICATED.withDescription("authentication failure").asException();
    }
    if (!caller.identity().namespace().equals(mesh.rootNamespace())) {
      throw Status.PERMISSION_DENIED
          .withDescription(
              "caller: "
                  + caller.identity()
                  + " (expected: of namespace "
                  + mesh.rootNamespace()
                  + ")")
          .asException();
    }
    if (!typeUrl.equals(SYNC)) {
      throw Status.UNIMPLEMENTED
          .withDescription("type_url: " + typeUrl + " (expected: " + SYNC + ")")
          .asException();
    }
    DiscoveryResponse.Builder response =
        DiscoveryResponse.newBuilder()
            .setTypeUrl(typeUrl)
            .setNonce(UUID.randomUUID().toString())
            .setControlPlane(ControlPlane.newBuilder().setIdentifier(identifier()));
    for (DeltaServer server : servers.get()) {
      server.status().forEach(status -> response.addResources(Any.pack(client(status))));
    }
    return response.build();
  }

  private String identifier() {
    ObjectNode text = JSON.createObjectNode().put("Component", "istiod").put("ID", replica);
    text.putObject("Info")
        .put("version", Version.NUMBER)
        .put("revision", Version.BUILD)
        .put("status", Version.STATUS)
        .put("tag", Version.NUMBER);
    return text.toString();
  }

  private static ClientConfig client(SyncStatus status) {
    ClientConfig.Builder client = ClientConfig.newBuilder().setNode(status.node());
    status
        .types()
        .forEach((url, type) -> {
          var config =
              ClientConfig.GenericXdsConfig.newBuilder()
                  .setTypeUrl(url)
                  .setConfigStatus(status(type));
          Instant sent = type.sentAt();
          if (sent != null) {
            config.setLastUpdated(
                Timestamp.newBuilder().setSeconds(sent.getEpochSecond()).setNanos(sent.getNano()));
          }
          client.addGenericXdsConfigs(config);
        });
    return client.build();
  }

  static ConfigStatus status(SyncStatus.OfType type) {
    @Nullable String error = type.lastError();
    if (type.sent().isEmpty()) {
      return ConfigStatus.NOT_SENT;
    }
    if (type.sent().equals(type.acknowledged())) {
      return ConfigStatus.SYNCED;
    }
    return error == null ? ConfigStatus.STALE : ConfigStatus.ERROR;
  }
}
