package adit.cli.demo.stage;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// Reads what `tcpdump -w -` writes: the pcap format with Ethernet frames, of which TCP over IPv4
/// and IPv6 is understood.
final class PcapStream {
  private static final int FILE_HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int LARGEST = 1 << 20;
  private static final int MAGIC = 0xa1b2c3d4;
  private static final int ETHERNET = 14;
  private static final int TYPE_AT = 12;
  private static final int IPV4 = 0x0800;
  private static final int IPV6 = 0x86dd;
  private static final int IPV6_HEADER = 40;
  private static final int TCP = 6;
  private static final int TCP_LEAST = 20;
  private static final int SYN_ACK_MASK = 0x12;
  private static final int SYN = 0x02;

  private final DataInputStream in;
  private final byte[] marker;
  private final ByteOrder order;

  PcapStream(InputStream in, String marker) throws IOException {
    this.in = new DataInputStream(in);
    this.marker = marker.getBytes(US_ASCII);
    ByteBuffer header = ByteBuffer.wrap(bytes(FILE_HEADER));
    this.order = header.getInt(0) == MAGIC ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    if (header.order(order).getInt(0) != MAGIC) {
      throw new IOException("tcpdump: its output is not in the pcap format");
    }
  }

  /// The next TCP packet, or null at the end.
  @Nullable SeenPacket nextOrNull() throws IOException {
    try {
      while (true) {
        ByteBuffer header = ByteBuffer.wrap(bytes(RECORD_HEADER)).order(order);
        long millis =
            Integer.toUnsignedLong(header.getInt(0)) * 1000
                + Integer.toUnsignedLong(header.getInt(4)) / 1000;
        int length = header.getInt(8);
        if (length < 0 || length > LARGEST) {
          throw new IOException("tcpdump: a packet of " + length + " bytes");
        }
        SeenPacket packet = packetOrNull(millis, bytes(length));
        if (packet != null) {
          return packet;
        }
      }
    } catch (EOFException e) {
      return null;
    }
  }

  private byte[] bytes(int count) throws IOException {
    byte[] bytes = new byte[count];
    in.readFully(bytes);
    return bytes;
  }

  private @Nullable SeenPacket packetOrNull(long millis, byte[] frame) throws IOException {
    if (frame.length < ETHERNET + TCP_LEAST) {
      return null;
    }
    int type = (frame[TYPE_AT] & 0xff) << 8 | (frame[TYPE_AT + 1] & 0xff);
    if (type == IPV4 && frame[ETHERNET + 9] == TCP) {
      int header = (frame[ETHERNET] & 0xf) * 4;
      return tcpOrNull(millis, frame, ETHERNET + header, new Ends(ETHERNET + 12, 4));
    }
    if (type == IPV6 && frame.length > ETHERNET + IPV6_HEADER && frame[ETHERNET + 6] == TCP) {
      return tcpOrNull(millis, frame, ETHERNET + IPV6_HEADER, new Ends(ETHERNET + 8, 16));
    }
    return null;
  }

  /// Where both addresses are, and how long each is.
  private record Ends(int at, int length) {}

  private @Nullable SeenPacket tcpOrNull(long millis, byte[] bytes, int tcp, Ends ends)
      throws IOException {
    if (bytes.length < tcp + TCP_LEAST) {
      return null;
    }
    ByteBuffer frame = ByteBuffer.wrap(bytes);
    int payload = tcp + ((frame.get(tcp + 12) >> 4) & 0xf) * 4;
    return new SeenPacket(
        millis,
        address(frame, ends.at(), ends.length()),
        Short.toUnsignedInt(frame.getShort(tcp)),
        address(frame, ends.at() + ends.length(), ends.length()),
        Short.toUnsignedInt(frame.getShort(tcp + 2)),
        (frame.get(tcp + 13) & SYN_ACK_MASK) == SYN,
        contains(bytes, payload));
  }

  private static InetAddress address(ByteBuffer frame, int at, int length) throws IOException {
    byte[] bytes = new byte[length];
    frame.get(at, bytes);
    return InetAddress.getByAddress(bytes);
  }

  private boolean contains(byte[] frame, int from) {
    for (int i = from; i <= frame.length - marker.length; i++) {
      int same = 0;
      while (same < marker.length && frame[i + same] == marker[same]) {
        same++;
      }
      if (same == marker.length) {
        return true;
      }
    }
    return false;
  }
}
