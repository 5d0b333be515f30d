package adit.ztunnel.local;

import adit.protos.workload.GatewayAddress;
import adit.protos.workload.LoadBalancing;
import adit.protos.workload.NamespacedHostname;
import adit.protos.workload.NetworkAddress;
import adit.proxy.ConfigException;
import com.google.protobuf.ByteString;
import io.netty.util.NetUtil;
import java.util.Locale;

/// The small text forms of the local file as wire messages.
final class Wire {
  private Wire() {}

  static ByteString address(String where, String text) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
    if (bytes == null) {
      throw new ConfigException(where, text, "an IP address");
    }
    return ByteString.copyFrom(bytes);
  }

  /// `network/ip`, where the network may be empty.
  static NetworkAddress networkAddress(String where, String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new ConfigException(where, text, "network/ip, for example /10.0.0.1");
    }
    return NetworkAddress.newBuilder()
        .setNetwork(text.substring(0, slash))
        .setAddress(address(where, text.substring(slash + 1)))
        .build();
  }

  static GatewayAddress gateway(Fields fields) {
    GatewayAddress.Builder out = GatewayAddress.newBuilder();
    String destination = fields.requiredText("destination");
    int slash = destination.indexOf('/');
    if (slash < 0) {
      throw new ConfigException(
          fields.path("destination"), destination, "network/ip or namespace/hostname");
    }
    // An address is tried first, as in the reference.
    if (NetUtil.createByteArrayFromIpAddressString(destination.substring(slash + 1)) != null) {
      out.setAddress(networkAddress(fields.path("destination"), destination));
    } else {
      out.setHostname(
          NamespacedHostname.newBuilder()
              .setNamespace(destination.substring(0, slash))
              .setHostname(destination.substring(slash + 1)));
    }
    fields.number("hboneMtlsPort", out::setHboneMtlsPort);
    return out.build();
  }

  static LoadBalancing.Scope scope(String where, String text) {
    for (LoadBalancing.Scope scope : LoadBalancing.Scope.values()) {
      boolean real =
          scope != LoadBalancing.Scope.UNRECOGNIZED
              && scope != LoadBalancing.Scope.UNSPECIFIED_SCOPE;
      if (real && scope.name().equals(text.toUpperCase(Locale.ROOT))) {
        return scope;
      }
    }
    throw new ConfigException(where, text, "Region, Zone, Subzone, Node, Cluster or Network");
  }
}
