package adit.istiod.translate;

import adit.model.IpText;
import adit.source.object.IpRange;
import adit.xds.ResourceVersion;
import adit.xds.TypeUrls;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Text and messages as bytes of the wire.
final class Bytes {
  private Bytes() {}

  /// The bytes of an address literal, or null if `text` is none.
  static @Nullable ByteString ipOrNull(String text) {
    InetAddress address = IpRange.addressOrNull(text);
    return address == null ? null : of(address);
  }

  static ByteString of(InetAddress address) {
    return ByteString.copyFrom(address.getAddress());
  }

  static ResourceVersion address(adit.protos.workload.Workload workload) {
    return ResourceVersion.of(
        TypeUrls.ADDRESS,
        deterministic(adit.protos.workload.Address.newBuilder().setWorkload(workload).build()),
        workload.getAddressesList().stream()
            .map(ip -> workload.getNetwork() + "/" + text(ip))
            .toList(),
        groups(workload));
  }

  /// Who asks for a service means its workloads, too; a node's proxy means those of its node.
  private static List<String> groups(adit.protos.workload.Workload workload) {
    Stream<String> services = workload.getServicesMap().keySet().stream();
    Stream<String> node =
        Stream.of(workload.getNode())
            .filter(name -> !name.isEmpty())
            .map(ResourceVersion::nodeGroup);
    return Stream.concat(services, node).toList();
  }

  static ResourceVersion address(adit.protos.workload.Service service) {
    return ResourceVersion.of(
        TypeUrls.ADDRESS,
        deterministic(adit.protos.workload.Address.newBuilder().setService(service).build()),
        service.getAddressesList().stream()
            .map(vip ->
                vip.getNetwork()
                    + "/"
                    + text(vip.getAddress())
                    + (vip.hasLength() ? "/" + vip.getLength() : ""))
            .toList());
  }

  static ResourceVersion policy(adit.protos.security.Authorization policy) {
    return ResourceVersion.of(TypeUrls.AUTHORIZATION, deterministic(policy), List.of());
  }

  static String text(ByteString ip) {
    try {
      return IpText.of(InetAddress.getByAddress(ip.toByteArray()));
    } catch (java.net.UnknownHostException e) {
      throw new IllegalArgumentException("ip: " + ip.size() + " bytes (expected: 4 or 16)", e);
    }
  }

  /// Maps in the order of their keys, so that equal messages have equal bytes.
  private static byte[] deterministic(Message message) {
    byte[] bytes = new byte[message.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      message.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes;
  }
}
