package adit.hbone;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// Gets what the peer of a [Tunnel] sends, on the tunnel's event loop.
public interface TunnelReceiver {
  /// Bytes of the peer. Ownership passes; call [Tunnel#consumed] once they are out of memory.
  void data(ByteBuf bytes);

  /// No more data for now: the moment to flush.
  void readComplete();

  /// The peer sends nothing more; this side may go on writing.
  void end();

  /// The tunnel is over. The last call.
  ///
  /// @param cause null when both directions had ended or the peer cancelled (CANCEL, NO_ERROR),
  ///   which counts as an end; otherwise why bytes may be missing
  void closed(@Nullable Throwable cause);

  /// [Tunnel#isWritable()] is true again.
  void writabilityChanged();
}
