package adit.linux.topology;

import java.math.BigInteger;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/// A range of addresses, `10.1.2.0/24` or `fd00:1::/64`.
///
/// @param base first address
/// @param prefix number of fixed bits
public record Subnet(InetAddress base, int prefix) {
  /// Checks that the bits after the prefix are zero.
  public Subnet {
    int bits = bitsOf(base);
    if (prefix < 0 || prefix > bits) {
      throw new IllegalArgumentException("prefix: " + prefix + " (expected: 0 to " + bits + ")");
    }
    if (number(base).getLowestSetBit() >= 0 && number(base).getLowestSetBit() < bits - prefix) {
      throw new IllegalArgumentException(
          "subnet: "
              + base.getHostAddress()
              + "/"
              + prefix
              + " (expected: zero bits after the prefix)");
    }
  }

  /// Reads the usual form.
  public static Subnet parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException("subnet: " + text + " (expected: address/prefix)");
    }
    return new Subnet(
        InetAddress.ofLiteral(text.substring(0, slash)),
        Integer.parseInt(text.substring(slash + 1)));
  }

  /// The address that comes `index` after the first one.
  public InetAddress address(long index) {
    return at(BigInteger.valueOf(index));
  }

  /// As [#address(long)] in a range of IPv4 addresses.
  public Inet4Address address4(long index) {
    return (Inet4Address) address(index);
  }

  /// As [#address(long)] in a range of IPv6 addresses.
  public Inet6Address address6(long index) {
    return (Inet6Address) address(index);
  }

  /// The part number `index` when the range is divided into parts with the longer prefix `prefix`.
  public Subnet part(int prefix, int index) {
    return new Subnet(at(BigInteger.valueOf(index).shiftLeft(bitsOf(base) - prefix)), prefix);
  }

  /// Whether `address` is in the range.
  public boolean contains(InetAddress address) {
    int shift = bitsOf(base) - prefix;
    return bitsOf(address) == bitsOf(base)
        && number(address).shiftRight(shift).equals(number(base).shiftRight(shift));
  }

  /// The usual form.
  @Override
  public String toString() {
    return base.getHostAddress() + "/" + prefix;
  }

  private InetAddress at(BigInteger index) {
    byte[] wide = number(base).add(index).toByteArray();
    int length = bitsOf(base) / Byte.SIZE;
    byte[] bytes = new byte[length];
    int copied = Math.min(length, wide.length);
    System.arraycopy(wide, wide.length - copied, bytes, length - copied, copied);
    InetAddress address = ofBytes(bytes);
    if (!contains(address)) {
      throw new IllegalArgumentException("index: " + index + " (expected: inside " + this + ")");
    }
    return address;
  }

  private static InetAddress ofBytes(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are an address", e);
    }
  }

  private static BigInteger number(InetAddress address) {
    return new BigInteger(1, address.getAddress());
  }

  private static int bitsOf(InetAddress address) {
    return address.getAddress().length * Byte.SIZE;
  }
}
