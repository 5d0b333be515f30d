package adit.hbone;

import io.netty.channel.RecvByteBufAllocator;

/// How many bytes to read from a socket at once: little while little comes, much while much comes,
/// and back again. Set as `RECVBUF_ALLOCATOR` of a channel before it reads.
public final class ReadSizes {
  private ReadSizes() {}

  /// For an application's connection; leaves [Tunnel#HEADROOM] in front of what it reads.
  public static RecvByteBufAllocator relay() {
    throw new UnsupportedOperationException("not yet");
  }

  /// For an HBONE connection.
  public static RecvByteBufAllocator connection() {
    throw new UnsupportedOperationException("not yet");
  }
}
