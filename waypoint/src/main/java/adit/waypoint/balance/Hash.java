package adit.waypoint.balance;

/// 64 bits that are the same for the same text in every replica. Pure. Source: FNV-1a, and the
/// finalizer of SplitMix64.
public final class Hash {
  private static final long PRIME = 0x100000001B3L;
  private static final long BASIS = 0xCBF29CE484222325L;

  private Hash() {}

  /// Of a text.
  public static long of(String text) {
    long hash = BASIS;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * PRIME;
    }
    return hash;
  }

  /// Spreads the bits of `value` over all.
  static long mixed(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
