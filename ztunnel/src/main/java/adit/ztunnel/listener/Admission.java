package adit.ztunnel.listener;

import java.util.List;

/// What one more connection needs to be let in.
///
/// @param connections accepted connections of all pods; also stands for descriptors
/// @param handshakes TLS handshakes in flight
public record Admission(Gate connections, Gate handshakes) {
  List<Gate> gatesOf(boolean tls) {
    return tls ? List.of(connections, handshakes) : List.of(connections);
  }
}
