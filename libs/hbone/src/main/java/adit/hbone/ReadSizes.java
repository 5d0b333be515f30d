package adit.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/// How many bytes to read from a socket at once: little while little comes, much while much comes,
/// and back again. Set as `RECVBUF_ALLOCATOR` of a channel before it reads.
///
/// A read that fills its buffer takes the next larger size, a few reads that would have fitted the
/// next smaller size take that one. Buffers of 16 KiB and more are whole TLS records of plaintext,
/// the frame header in their headroom included.
public final class ReadSizes implements RecvByteBufAllocator {
  private static final int[] SIZES = {2 << 10, 16 << 10, 64 << 10, 256 << 10};
  private static final int SHRINK_AFTER = 8;
  private static final int MAX_READS = 16;

  private final int headroom;
  private final int largest;

  private ReadSizes(int headroom, int largest) {
    this.headroom = headroom;
    this.largest = largest;
  }

  /// For an application's connection; leaves [Tunnel#HEADROOM] in front of what it reads.
  public static RecvByteBufAllocator relay() {
    return new ReadSizes(Tunnel.HEADROOM, SIZES.length - 1);
  }

  /// For an HBONE connection.
  public static RecvByteBufAllocator connection() {
    return new ReadSizes(0, SIZES.length - 1);
  }

  @Override
  @SuppressWarnings("deprecation") // The interface names the deprecated type.
  public Handle newHandle() {
    return new Sizing(headroom, largest);
  }

  /// The size of one channel.
  private static final class Sizing implements ExtendedHandle {
    private final int headroom;
    private final int largest;
    private int rung;
    private int smaller;
    private int attempted;
    private int last;
    private int total;
    private int reads;
    private boolean filled;

    private ChannelConfig config;

    @SuppressWarnings("NullAway.Init") // Set by reset(), which comes before everything else.
    Sizing(int headroom, int largest) {
      this.headroom = headroom;
      this.largest = largest;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator alloc) {
      ByteBuf buffer = alloc.ioBuffer(SIZES[rung], SIZES[rung]);
      return headroom == 0 ? buffer : buffer.setIndex(headroom, headroom);
    }

    @Override
    public int guess() {
      return SIZES[rung] - headroom;
    }

    @Override
    public void reset(ChannelConfig of) {
      config = of;
      total = 0;
      reads = 0;
      filled = false;
    }

    @Override
    public void incMessagesRead(int count) {
      reads += count;
    }

    @Override
    public void lastBytesRead(int bytes) {
      last = bytes;
      if (bytes <= 0) {
        return;
      }
      total += bytes;
      if (bytes == attempted) {
        filled = true;
        smaller = 0;
        if (rung < largest) {
          rung++;
        }
      }
    }

    @Override
    public int lastBytesRead() {
      return last;
    }

    @Override
    public void attemptedBytesRead(int bytes) {
      attempted = bytes;
    }

    @Override
    public int attemptedBytesRead() {
      return attempted;
    }

    @Override
    public boolean continueReading() {
      return continueReading(() -> last == attempted);
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
      return config.isAutoRead()
          && reads < MAX_READS
          && total < SIZES[SIZES.length - 1]
          && last > 0
          && maybeMore.get();
    }

    @Override
    public void readComplete() {
      if (filled || rung == 0 || total > SIZES[rung - 1]) {
        smaller = 0;
      } else if (++smaller >= SHRINK_AFTER) {
        smaller = 0;
        rung--;
      }
    }
  }
}
