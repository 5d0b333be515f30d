package adit.xds;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/// One resource as it goes out.
///
/// @param version changes exactly when the content does
/// @param aliases other names that on-demand clients may subscribe by
/// @param groups what it belongs to: names of resources, or [#nodeGroup]; an on-demand client that
///   asks for the group gets it, too
public record ResourceVersion(String version, Any body, List<String> aliases, List<String> groups) {
  public ResourceVersion {
    aliases = List.copyOf(aliases);
    groups = List.copyOf(groups);
  }

  /// The group of what runs on a node; its on-demand clients get it without asking. No resource has
  /// such a name.
  public static String nodeGroup(String node) {
    return "node " + node;
  }

  /// A resource whose version is a hash of its content, so that a restarted control plane gives the
  /// same versions and a reconnecting client is sent nothing that it holds.
  ///
  /// @param typeUrl of the resource
  /// @param content the serialized message, deterministic
  public static ResourceVersion of(String typeUrl, byte[] content, List<String> aliases) {
    return of(typeUrl, content, aliases, List.of());
  }

  /// The same, of a message: equal messages have equal content, whatever the order of their maps.
  public static ResourceVersion of(String typeUrl, Message message) {
    byte[] bytes = new byte[message.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      message.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return of(typeUrl, bytes, List.of());
  }

  /// The same, of a member of groups.
  public static ResourceVersion of(
      String typeUrl, byte[] content, List<String> aliases, List<String> groups) {
    return new ResourceVersion(
        hash(content),
        Any.newBuilder().setTypeUrl(typeUrl).setValue(ByteString.copyFrom(content)).build(),
        aliases,
        groups);
  }

  /// 96 bits: two different hashes and the length. A collision would hide one change from clients.
  private static String hash(byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content, 0, content.length);
    long fnv = 0xcbf29ce484222325L;
    for (byte b : content) {
      fnv = (fnv ^ (b & 0xFF)) * 0x100000001b3L;
    }
    return HexFormat.of().toHexDigits(fnv)
        + HexFormat.of().toHexDigits((int) crc.getValue() ^ content.length);
  }
}
