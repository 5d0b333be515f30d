package adit.model;

import java.net.InetAddress;

/// A range of addresses of one family.
///
/// @param base any address of the range
/// @param length leading bits that count, `0..32` or `0..128`
public record Cidr(InetAddress base, int length) {
  public Cidr {
    int bits = base.getAddress().length * 8;
    if (length < 0 || length > bits) {
      throw new IllegalArgumentException("length: " + length + " (expected: 0.." + bits + ")");
    }
  }

  /// Whether `ip` lies in the range; an address of the other family never does.
  public boolean contains(InetAddress ip) {
    byte[] mine = base.getAddress();
    byte[] other = ip.getAddress();
    if (mine.length != other.length) {
      return false;
    }
    int whole = length / 8;
    for (int i = 0; i < whole; i++) {
      if (mine[i] != other[i]) {
        return false;
      }
    }
    int rest = length % 8;
    return rest == 0 || ((mine[whole] ^ other[whole]) & (0xFF00 >> rest) & 0xFF) == 0;
  }

  /// Whether the range is one address.
  public boolean isSingle() {
    return length == base.getAddress().length * 8;
  }

  @Override
  public String toString() {
    return IpText.of(base) + "/" + length;
  }
}
