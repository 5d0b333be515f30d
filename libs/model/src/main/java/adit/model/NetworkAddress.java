package adit.model;

import java.net.InetAddress;

/// An address within a network; two networks may use the same addresses.
///
/// @param network network id, empty for the default one
public record NetworkAddress(String network, InetAddress ip) {
  /// The form of `config_dump` and of on-demand subscriptions: `network/ip`.
  @Override
  public String toString() {
    return network + "/" + IpText.of(ip);
  }
}
