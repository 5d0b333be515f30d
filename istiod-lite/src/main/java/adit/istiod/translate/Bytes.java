package adit.istiod.translate;

import adit.model.IpText;
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
    // The JDK also takes 10.1 and fe80::1%eth0.
    boolean whole = text.indexOf(':') >= 0 || text.chars().filter(c -> c == '.').count() == 3;
    if (!whole || text.indexOf('%') >= 0) {
      return null;
    }
    try {
      return ByteString.copyFrom(InetAddress.ofLiteral(text).getAddress());
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /// An address with the number of leading bits that count.
  record Range(ByteString base, int length) {
    /// `10.0.0.0/8`, or a bare address for itself alone; null if `text` is neither.
    static @Nullable Range parseOrNull(String text) {
      int slash = text.indexOf('/');
      ByteString base = ipOrNull(slash < 0 ? text : text.substring(0, slash));
      if (base == null) {
        return null;
      }
      int bits = base.size() * 8;
      if (slash < 0) {
        return new Range(base, bits);
      }
      String length = text.substring(slash + 1);
      boolean number = length.matches("\\d{1,3}") && Integer.parseInt(length) <= bits;
      return number
          ? new Range(masked(base, Integer.parseInt(length)), Integer.parseInt(length))
          : null;
    }

    private static ByteString masked(ByteString base, int length) {
      byte[] bytes = base.toByteArray();
      for (int i = 0; i < bytes.length; i++) {
        int keep = Math.clamp(length - i * 8L, 0, 8);
        bytes[i] = (byte) (bytes[i] & (0xFF00 >> keep));
      }
      return ByteString.copyFrom(bytes);
    }
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
