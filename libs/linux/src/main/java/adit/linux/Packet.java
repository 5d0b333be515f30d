package adit.linux;

import java.util.List;

/// One message of a SEQPACKET socket.
///
/// @param data the bytes, at most as many as were asked for
/// @param fds descriptors that came with it, close-on-exec; the receiver owns them
/// @param truncated bytes or descriptors were lost because there was no room (`MSG_TRUNC`,
///   `MSG_CTRUNC`)
@SuppressWarnings("ArrayRecordComponent") // Bytes of a message are read once, never compared.
public record Packet(byte[] data, List<Integer> fds, boolean truncated) {
  /// Copies the list.
  public Packet {
    fds = List.copyOf(fds);
  }

  /// Closes every descriptor that came with the message.
  public void closeFds() {
    fds.forEach(FileDescriptors::close);
  }
}
