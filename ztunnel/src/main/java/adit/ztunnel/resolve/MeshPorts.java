package adit.ztunnel.resolve;

/// The ports of a pod's listeners.
///
/// @param outbound takes what the application sends
/// @param plain takes plaintext for the application
/// @param hbone takes tunnels, here and at every other workload
public record MeshPorts(int outbound, int plain, int hbone) {
  /// As everywhere in an ambient mesh.
  public static final MeshPorts STANDARD = new MeshPorts(15001, 15006, 15008);

  /// Whether a connection to this port would come back to the proxy itself.
  public boolean isOwn(int port) {
    return port == outbound || port == plain || port == hbone;
  }
}
