package adit.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import java.util.List;
import java.util.function.Function;

/// A wildcard subscription to all resources of one type.
///
/// @param typeUrl `type.googleapis.com/...`
/// @param parser decodes one resource; the bytes are those of the inner message
/// @param consumer applies one response, on the client's executor, and says what it could not apply
public record Subscription<T>(
    String typeUrl, Decoder<T> parser, Function<Update<T>, List<Rejection>> consumer) {

  /// Decodes one resource.
  @FunctionalInterface
  public interface Decoder<T> {
    T decode(ByteString bytes) throws InvalidProtocolBufferException;
  }

  /// A subscription that decodes with a generated parser.
  public static <T> Subscription<T> of(
      String typeUrl, Parser<T> parser, Function<Update<T>, List<Rejection>> consumer) {
    return new Subscription<>(typeUrl, parser::parseFrom, consumer);
  }
}
