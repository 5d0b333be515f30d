package adit.hbone.wire;

/// HTTP/2 error codes (RFC 9113 section 7).
public final class ErrorCode {
  /// Not an error.
  public static final int NO_ERROR = 0;

  /// The peer breaks the protocol.
  public static final int PROTOCOL_ERROR = 1;

  /// We cannot go on.
  public static final int INTERNAL_ERROR = 2;

  /// The peer sends more than its window.
  public static final int FLOW_CONTROL_ERROR = 3;

  /// SETTINGS were not acknowledged.
  public static final int SETTINGS_TIMEOUT = 4;

  /// A frame for a stream that has ended.
  public static final int STREAM_CLOSED = 5;

  /// A frame of a wrong size.
  public static final int FRAME_SIZE_ERROR = 6;

  /// The stream was refused before anything was done for it.
  public static final int REFUSED_STREAM = 7;

  /// The stream is not wanted any more.
  public static final int CANCEL = 8;

  /// A header block that cannot be read: the connection is lost.
  public static final int COMPRESSION_ERROR = 9;

  /// The peer asks for too much work.
  public static final int ENHANCE_YOUR_CALM = 11;

  private ErrorCode() {}
}
