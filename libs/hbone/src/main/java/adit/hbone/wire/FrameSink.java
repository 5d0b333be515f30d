package adit.hbone.wire;

import io.netty.buffer.ByteBuf;

/// Gets the frames that a [FrameReader] reads. A method that throws ends the connection.
public interface FrameSink {
  /// Part of a DATA frame's payload.
  ///
  /// @param stream not 0
  /// @param bytes ownership passes; may be empty only with `endStream`
  /// @param endStream whether the stream ends after them
  void data(int stream, ByteBuf bytes, boolean endStream) throws ConnectionError;

  /// Padding of a DATA frame, which counts against the windows.
  void padding(int stream, int bytes) throws ConnectionError;

  /// A whole header block.
  ///
  /// @param block valid during the call
  void headers(int stream, ByteBuf block, boolean endStream) throws ConnectionError;

  /// RST_STREAM.
  void reset(int stream, int code) throws ConnectionError;

  /// SETTINGS.
  void settings(PeerSettings settings) throws ConnectionError;

  /// The peer has our SETTINGS.
  void settingsAck() throws ConnectionError;

  /// PING, or the answer to ours.
  void ping(long data, boolean ack) throws ConnectionError;

  /// GOAWAY.
  void goAway(int lastStream, int code) throws ConnectionError;

  /// WINDOW_UPDATE; the increment is not 0.
  void windowUpdate(int stream, int increment) throws ConnectionError;

  /// Something that concerns one stream only is wrong.
  void streamError(int stream, int code, String message) throws ConnectionError;

  /// A frame that means nothing here (PRIORITY, unknown types, empty DATA). A peer may send a few.
  void noise() throws ConnectionError;
}
