package adit.hbone.wire;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;

/// Reads header blocks, keeping the dynamic table in step even with blocks that are refused.
public final class HeaderReader {
  private final DefaultHttp2HeadersDecoder decoder;

  /// What a block turned out to be.
  public sealed interface Block {
    /// Headers that obey RFC 9113 section 8 as far as a decoder can say.
    ///
    /// @param headers the fields
    record Fields(Http2Headers headers) implements Block {}

    /// The list is larger than announced.
    record TooLarge() implements Block {}

    /// The list is malformed: a stream error.
    ///
    /// @param message for the log
    record Malformed(String message) implements Block {}
  }

  /// A reader at the start of a connection.
  public HeaderReader(int maxHeaderList) {
    this.decoder = new DefaultHttp2HeadersDecoder(true, maxHeaderList);
  }

  /// Reads one block. Throws when the table is lost, and the connection with it.
  public Block read(int stream, ByteBuf block) throws ConnectionError {
    try {
      return new Block.Fields(decoder.decodeHeaders(stream, block));
    } catch (Http2Exception.HeaderListSizeException e) {
      return new Block.TooLarge();
    } catch (Http2Exception.StreamException e) {
      return new Block.Malformed(String.valueOf(e.getMessage()));
    } catch (Http2Exception e) {
      int code =
          e.error() == Http2Error.PROTOCOL_ERROR
              ? ErrorCode.PROTOCOL_ERROR
              : ErrorCode.COMPRESSION_ERROR;
      throw new ConnectionError(code, "header block: " + e.getMessage());
    }
  }
}
