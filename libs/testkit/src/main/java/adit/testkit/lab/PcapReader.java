package adit.testkit.lab;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A stream in the format of `pcap-savefile(5)` of an Ethernet link -> packets.
final class PcapReader {
  private static final int MAGIC_MICROSECONDS = 0xa1b2c3d4;
  private static final int FILE_HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int CAPTURED_LENGTH = 8;
  private static final int LONGEST = 262_144;
  private static final int ETHERNET_HEADER = 14;
  private static final int TYPE_IPV4 = 0x0800;
  private static final int TYPE_IPV6 = 0x86dd;
  private static final int IPV6_HEADER = 40;
  private static final int UDP_HEADER = 8;

  private final DataInputStream in;
  private final ByteOrder order;

  /// Reads the header of the file.
  PcapReader(InputStream in) throws IOException {
    this.in = new DataInputStream(in);
    ByteBuffer header = read(FILE_HEADER, ByteOrder.BIG_ENDIAN);
    boolean big = header.getInt(0) == MAGIC_MICROSECONDS;
    if (!big && Integer.reverseBytes(header.getInt(0)) != MAGIC_MICROSECONDS) {
      throw new IOException("capture: does not begin as a pcap file");
    }
    this.order = big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
  }

  /// The next IP packet; others are passed over. Null at the end of the stream.
  @Nullable CapturedPacket nextOrNull() throws IOException {
    while (true) {
      ByteBuffer frame;
      try {
        int length = read(RECORD_HEADER, order).getInt(CAPTURED_LENGTH);
        if (length < 0 || length > LONGEST) {
          throw new IOException(
              "capture: packet of " + length + " bytes (expected: " + LONGEST + ")");
        }
        frame = read(length, ByteOrder.BIG_ENDIAN);
      } catch (EOFException end) {
        return null;
      }
      CapturedPacket packet = ofFrameOrNull(frame);
      if (packet != null) {
        return packet;
      }
    }
  }

  private ByteBuffer read(int length, ByteOrder as) throws IOException {
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return ByteBuffer.wrap(bytes).order(as);
  }

  static @Nullable CapturedPacket ofFrameOrNull(ByteBuffer frame) {
    if (frame.limit() < ETHERNET_HEADER) {
      return null;
    }
    ByteBuffer ip = frame.slice(ETHERNET_HEADER, frame.limit() - ETHERNET_HEADER);
    try {
      return switch (frame.getShort(ETHERNET_HEADER - 2) & 0xffff) {
        case TYPE_IPV4 -> ipv4(ip);
        case TYPE_IPV6 -> ipv6(ip);
        default -> null;
      };
    } catch (IndexOutOfBoundsException cut) {
      return null;
    }
  }

  private static CapturedPacket ipv4(ByteBuffer ip) {
    int header = (ip.get(0) & 0xf) * 4;
    int total = ip.getShort(2) & 0xffff;
    // A packet that the sender's card was to cut into segments can have length 0.
    int end = total == 0 ? ip.limit() : Math.min(total, ip.limit());
    return packet(ip, address(ip, 12, 4), address(ip, 16, 4), ip.get(9) & 0xff, header, end);
  }

  private static CapturedPacket ipv6(ByteBuffer ip) {
    int length = ip.getShort(4) & 0xffff;
    int end = length == 0 ? ip.limit() : Math.min(IPV6_HEADER + length, ip.limit());
    int protocol = ip.get(6) & 0xff;
    return packet(ip, address(ip, 8, 16), address(ip, 24, 16), protocol, IPV6_HEADER, end);
  }

  private static CapturedPacket packet(
      ByteBuffer ip, InetAddress from, InetAddress to, int protocol, int start, int end) {
    boolean tcp = protocol == CapturedPacket.TCP;
    boolean ports = tcp || protocol == CapturedPacket.UDP;
    int sourcePort = ports ? ip.getShort(start) & 0xffff : 0;
    int destinationPort = ports ? ip.getShort(start + 2) & 0xffff : 0;
    int payload = start + headerLength(ip, protocol, start);
    return new CapturedPacket(
        new InetSocketAddress(from, sourcePort),
        new InetSocketAddress(to, destinationPort),
        protocol,
        tcp ? ip.get(start + 13) & 0xff : 0,
        Arrays.copyOfRange(
            ip.array(), ip.arrayOffset() + payload, ip.arrayOffset() + Math.max(payload, end)));
  }

  private static int headerLength(ByteBuffer ip, int protocol, int start) {
    return switch (protocol) {
      case CapturedPacket.TCP -> (ip.get(start + 12) >> 4 & 0xf) * 4;
      case CapturedPacket.UDP -> UDP_HEADER;
      default -> 0;
    };
  }

  private static InetAddress address(ByteBuffer ip, int at, int length) {
    byte[] bytes = new byte[length];
    ip.get(at, bytes);
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are an address", e);
    }
  }
}
