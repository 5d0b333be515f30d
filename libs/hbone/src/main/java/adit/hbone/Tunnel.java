package adit.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;

/// One CONNECT stream, seen from either end: bytes both ways, each way closed on its own.
///
/// Every method is called on [#eventLoop()], and every call to the [TunnelReceiver] comes from it.
/// Calls after the tunnel has closed are harmless: buffers are released, the rest is ignored.
public interface Tunnel {
  /// The one thread of this tunnel, the same as its connection's.
  EventLoop eventLoop();

  /// The connection under this tunnel.
  TunnelPeer peer();

  /// What the server answered to CONNECT. On the server's side, what was answered by
  /// [Responder#accept].
  ConnectAnswer answer();

  /// Queues bytes for the peer. Ownership of `bytes` passes. What the peer's window or the socket
  /// does not take waits here, so stop when [#isWritable()] says so.
  ///
  /// A buffer with [Tunnel#HEADROOM] bytes before its reader index and one owner is sent without a
  /// copy.
  void write(ByteBuf bytes);

  /// Bytes that a buffer should leave free before its reader index: the frame header goes there.
  int HEADROOM = 9;

  /// Lets what was written go out, together with what other tunnels of the connection wrote in the
  /// same turn of the event loop.
  void flush();

  /// No more bytes will be written (RFC 9113, END_STREAM). The other direction continues.
  void endOutput();

  /// Ends both directions now, because nobody needs them (RST_STREAM CANCEL, which a peer takes as
  /// an end). What was not sent yet is dropped. No more calls reach the receiver.
  void cancel();

  /// Cuts both directions now: what came before must not look complete to the peer (RST_STREAM
  /// INTERNAL_ERROR). What was not sent yet is dropped. No more calls reach the receiver.
  void cut();

  /// Sends what is queued, ends the output, and then resets what is still open, because nobody is
  /// left to read. Bytes that arrive meanwhile are dropped.
  void abandon();

  /// False when what is queued here, or in the connection, is more than it should be.
  /// [TunnelReceiver#writabilityChanged()] follows when it is true again.
  boolean isWritable();

  /// Bytes written here that have not been given to the connection, because its peer or its socket
  /// does not take them.
  long queuedBytes();

  /// Who gets the bytes of the peer. What came before this call is delivered during it.
  void receiver(TunnelReceiver receiver);

  /// The receiver is done with `bytes` bytes, so the peer may send as many again. Until then they
  /// count against the stream's window, which bounds what a slow reader costs.
  void consumed(int bytes);
}
