package adit.waypoint.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

/// Messages of gRPC, however their bytes are cut.
final class MessageCountTest {
  private static ByteBuf messages(int... lengths) {
    ByteBuf all = Unpooled.buffer();
    for (int length : lengths) {
      all.writeByte(0).writeInt(length).writeZero(length);
    }
    return all;
  }

  @Test
  void messages_countHoweverTheyAreCut() {
    ByteBuf all = messages(0, 1, 0, 300, 70_000, 5, 0);
    for (int size : new int[] {1, 2, 3, 4, 5, 6, 7, 100, 65_536, 100_000}) {
      MessageCount count = new MessageCount();
      for (int at = 0; at < all.readableBytes(); at += size) {
        count.add(all.slice(at, Math.min(size, all.readableBytes() - at)));
      }
      assertThat(count.messages()).as("pieces of %s", size).isEqualTo(7);
    }
  }

  @Test
  void length_ofFourGigabytes_isNotNegative() {
    MessageCount count = new MessageCount();
    count.add(Unpooled.wrappedBuffer(new byte[] {0, -1, -1, -1, -1}));
    for (int i = 0; i < 100; i++) {
      count.add(messages(10, 10));
    }
    assertThat(count.messages()).isEqualTo(1);
  }

  @Test
  void bytes_areOnlyLookedAt() {
    ByteBuf all = messages(3);
    new MessageCount().add(all);
    assertThat(all.readableBytes()).isEqualTo(8);
  }
}
