package adit.testkit.lab;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.net.InetSocketAddress;

/// An IP packet that was seen on a link.
///
/// @param source address and port (0 when the protocol has none)
/// @param destination address and port
/// @param protocol number of the protocol above IP: 6 is TCP, 17 UDP
/// @param tcpFlags the flags of a TCP segment, otherwise 0
/// @param payload what TCP or UDP carry
@SuppressWarnings("ArrayRecordComponent") // Bytes of a packet are searched, never compared.
public record CapturedPacket(
    InetSocketAddress source,
    InetSocketAddress destination,
    int protocol,
    int tcpFlags,
    byte[] payload) {
  /// Protocol number of TCP.
  public static final int TCP = 6;

  /// Protocol number of UDP.
  public static final int UDP = 17;

  private static final int SYN = 0x02;
  private static final int ACK = 0x10;
  private static final int RST = 0x04;

  /// Whether this is the first segment of a TCP connection.
  public boolean opensConnection() {
    return protocol == TCP && (tcpFlags & (SYN | ACK)) == SYN;
  }

  /// Whether this resets a TCP connection.
  public boolean resetsConnection() {
    return protocol == TCP && (tcpFlags & RST) != 0;
  }

  /// Whether one of the ports is `port`.
  public boolean hasPort(int port) {
    return source.getPort() == port || destination.getPort() == port;
  }

  /// Whether the bytes of `text` stand in the payload, each character one byte.
  public boolean payloadContains(String text) {
    return new String(payload, ISO_8859_1).contains(text);
  }

  @Override
  public String toString() {
    return source + " > " + destination + " protocol " + protocol + " bytes " + payload.length;
  }
}
