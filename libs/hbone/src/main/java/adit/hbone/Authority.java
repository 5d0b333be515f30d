package adit.hbone;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The target of a CONNECT request (RFC 9110 section 9.3.6): an address or a host name, and always
/// a port.
public sealed interface Authority {
  /// Longest authority that is read: a host name's 253 characters, a colon and a port.
  int MAX_LENGTH = 253 + 1 + 5;

  /// The port, `1..65535`.
  int port();

  /// An IP address and a port. A v4-mapped IPv6 address becomes IPv4.
  ///
  /// @param ip the address
  /// @param port the port
  record Address(InetAddress ip, int port) implements Authority {
    /// Checks the port.
    public Address {
      requirePort(port);
    }

    @Override
    public String toString() {
      return NetUtil.toSocketAddressString(new InetSocketAddress(ip, port));
    }
  }

  /// A host name and a port.
  ///
  /// @param host lower case, without a final dot
  /// @param port the port
  record Hostname(String host, int port) implements Authority {
    /// Checks the port.
    public Hostname {
      requirePort(port);
    }

    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /// The authority for a socket address.
  static Authority of(InetSocketAddress address) {
    return new Address(address.getAddress(), address.getPort());
  }

  /// Reads `ip:port`, `[ip]:port` or `host:port`. Null for everything else: no port, port 0, user
  /// info, a scope id, characters that no host name has, too long.
  static @Nullable Authority parseOrNull(String text) {
    int colon = text.lastIndexOf(':');
    if (text.length() > MAX_LENGTH || colon <= 0) {
      return null;
    }
    int port = portOrZero(text, colon + 1);
    if (port == 0) {
      return null;
    }
    if (text.charAt(0) == '[') {
      return text.charAt(colon - 1) == ']' ? ipv6OrNull(text.substring(1, colon - 1), port) : null;
    }
    String host = text.substring(0, colon);
    byte[] ipv4 =
        NetUtil.isValidIpV4Address(host) ? NetUtil.createByteArrayFromIpAddressString(host) : null;
    if (ipv4 != null) {
      return new Address(address(ipv4), port);
    }
    return hostnameOrNull(host, port);
  }

  private static @Nullable Authority ipv6OrNull(String host, int port) {
    if (!NetUtil.isValidIpV6Address(host) || host.indexOf('%') >= 0) {
      return null;
    }
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(host);
    return bytes == null ? null : new Address(address(bytes), port);
  }

  private static @Nullable Authority hostnameOrNull(String host, int port) {
    String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    boolean emptyLabel = name.startsWith(".") || name.endsWith(".") || name.contains("..");
    if (name.isEmpty() || emptyLabel) {
      return null;
    }
    boolean letters = false;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (!HeaderText.isLetterOrDigit(c) && c != '-' && c != '_' && c != '.') {
        return null;
      }
      letters |= c > '9';
    }
    // What looks like an address but is none must not be looked up as a name.
    return letters ? new Hostname(name.toLowerCase(Locale.ROOT), port) : null;
  }

  private static int portOrZero(String text, int from) {
    int digits = text.length() - from;
    if (digits < 1 || digits > 5) {
      return 0;
    }
    int port = 0;
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return 0;
      }
      port = port * 10 + c - '0';
    }
    return port > 0xFFFF ? 0 : port;
  }

  private static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "address: " + bytes.length + " bytes (expected: 4 or 16)", e);
    }
  }

  private static void requirePort(int port) {
    if (port < 1 || port > 0xFFFF) {
      throw new IllegalArgumentException("port: " + port + " (expected: 1..65535)");
    }
  }
}
