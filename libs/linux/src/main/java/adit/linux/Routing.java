package adit.linux;

import adit.linux.Syscalls.Call;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.function.Predicate;

/// Policy routing of one network namespace over rtnetlink(7): rules that send marked packets to a
/// table, and the route of such a table that delivers everything locally.
///
/// Not thread-safe. Calls block for as long as the kernel takes, which is microseconds, and at most
/// five seconds.
public final class Routing implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int BUFFER = 64 << 10;
  private static final int LOOPBACK = 1; // the index of `lo` in every namespace

  // linux/netlink.h
  private static final int HEADER = 16;
  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int REQUEST_ACK = 0x1 | 0x4;
  private static final int CREATE_EXCLUSIVELY = 0x400 | 0x200;
  private static final int DUMP = 0x1 | 0x300;

  // linux/rtnetlink.h and linux/fib_rules.h; both messages begin with twelve bytes of one shape.
  private static final int BODY = 12;
  private static final int NEW_ROUTE = 24;
  private static final int DELETE_ROUTE = 25;
  private static final int GET_ROUTE = 26;
  private static final int NEW_RULE = 32;
  private static final int DELETE_RULE = 33;
  private static final int GET_RULE = 34;
  private static final int OUTPUT_INTERFACE = 4;
  private static final int PRIORITY = 6;
  private static final int MARK = 10;
  private static final int TABLE = 15;
  private static final int MARK_MASK = 16;
  private static final int TO_TABLE = 1;
  private static final int LOCAL = 2;
  private static final int BOOT = 3;
  private static final int SCOPE_HOST = 254;

  private final Descriptor descriptor;
  private int sequence;

  /// An address family.
  public enum Family {
    /// IPv4.
    IP4(2),
    /// IPv6.
    IP6(10);

    private final int number;

    Family(int number) {
      this.number = number;
    }
  }

  /// A rule that packets with a mark are routed by a table.
  ///
  /// @param mark compared after masking
  /// @param mask which bits count
  /// @param preference the order among rules, lowest first
  /// @param table number of the table, 1..252
  public record MarkRule(int mark, int mask, int preference, int table) {
    /// Checks the table.
    public MarkRule {
      if (table < 1 || table > 252) {
        throw new IllegalArgumentException("table: " + table + " (expected: 1..252)");
      }
    }
  }

  private Routing(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  /// Opens a conversation about the namespace, which need not stay open.
  public static Routing open(Netns netns) throws LinuxException {
    int flags = SeqPacketSocket.SOCK_FLAGS;
    return netns.<Routing, LinuxException>call(() ->
        new Routing(
            new Descriptor(
                Syscalls.checked(
                    Syscalls.raw(Call.SOCKET, AF_NETLINK, SOCK_RAW | flags, 0),
                    "make a netlink socket"))));
  }

  /// Whether the rule is there.
  public boolean has(Family family, MarkRule rule) throws IOException {
    return any(
        GET_RULE,
        family,
        message ->
            message.number(PRIORITY) == rule.preference()
                && message.number(MARK) == rule.mark()
                && message.number(MARK_MASK) == rule.mask()
                && message.table() == rule.table());
  }

  /// Adds the rule; that it is there already is fine.
  public void add(Family family, MarkRule rule) throws IOException {
    change(NEW_RULE, CREATE_EXCLUSIVELY, rule(family, rule), Errno.EEXIST, "add a rule");
  }

  /// Deletes the rule; that there is none is fine.
  public void delete(Family family, MarkRule rule) throws IOException {
    change(DELETE_RULE, 0, rule(family, rule), Errno.ENOENT, "delete a rule");
  }

  /// Whether the table delivers everything locally.
  public boolean deliversLocally(Family family, int table) throws IOException {
    return any(
        GET_ROUTE,
        family,
        message ->
            message.table() == table
                && message.type() == LOCAL
                && message.isDefault()
                && message.number(OUTPUT_INTERFACE) == LOOPBACK);
  }

  /// Makes the table deliver everything locally; that it does already is fine.
  public void deliverLocally(Family family, int table) throws IOException {
    change(NEW_ROUTE, CREATE_EXCLUSIVELY, route(family, table), Errno.EEXIST, "add a route");
  }

  /// Takes that away; that it is not there is fine.
  public void deliverNoMore(Family family, int table) throws IOException {
    change(DELETE_ROUTE, 0, route(family, table), Errno.ESRCH, "delete a route");
  }

  @Override
  public void close() {
    descriptor.close();
  }

  private static ByteBuffer rule(Family family, MarkRule rule) {
    ByteBuffer message = message(family);
    message.put((byte) rule.table()).put((byte) 0).put((byte) 0).put((byte) TO_TABLE).putInt(0);
    attribute(message, PRIORITY, rule.preference());
    attribute(message, MARK, rule.mark());
    attribute(message, MARK_MASK, rule.mask());
    attribute(message, TABLE, rule.table());
    return message;
  }

  private static ByteBuffer route(Family family, int table) {
    ByteBuffer message = message(family);
    int scope = family == Family.IP4 ? SCOPE_HOST : 0;
    message.put((byte) table).put((byte) BOOT).put((byte) scope).put((byte) LOCAL).putInt(0);
    attribute(message, TABLE, table);
    attribute(message, OUTPUT_INTERFACE, LOOPBACK);
    return message;
  }

  /// The header is filled in when the message is sent; of the body the first four bytes are here:
  /// the family, two lengths of prefixes, the type of service.
  private static ByteBuffer message(Family family) {
    ByteBuffer message = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());
    return message.position(HEADER).put((byte) family.number).put(new byte[3]);
  }

  private static void attribute(ByteBuffer message, int type, int value) {
    message.putShort((short) 8).putShort((short) type).putInt(value);
  }

  private void change(int type, int flags, ByteBuffer message, int harmless, String doing)
      throws IOException {
    send(type, REQUEST_ACK | flags, message, doing);
    int error = read(doing, _ -> false);
    if (error != 0 && error != -harmless) {
      throw new LinuxException(doing, -error);
    }
  }

  private boolean any(int type, Family family, Predicate<Message> wanted) throws IOException {
    ByteBuffer message = message(family);
    send(type, DUMP, message.put(new byte[BODY - 4]), "list routing");
    boolean[] found = {false};
    int error =
        read(
            "list routing",
            one -> {
              found[0] |= wanted.test(one);
              return true;
            });
    // A table in which no route has ever been is simply empty.
    if (error != 0 && error != -Errno.ENOENT) {
      throw new LinuxException("list routing", -error);
    }
    return found[0];
  }

  private void send(int type, int flags, ByteBuffer message, String doing) throws LinuxException {
    message
        .putInt(0, message.position())
        .putShort(4, (short) type)
        .putShort(6, (short) flags)
        .putInt(8, ++sequence)
        .putInt(12, 0);
    message.flip();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(message.remaining(), Integer.BYTES);
      bytes.copyFrom(MemorySegment.ofBuffer(message));
      long sent =
          Syscalls.restarting(
              Call.WRITE, descriptor.number(), bytes.address(), bytes.byteSize(), 0, 0);
      Syscalls.checked(sent, doing);
    }
  }

  /// Reads until the kernel has said how it went: 0 or a negated error number.
  private int read(String doing, Predicate<Message> each) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(BUFFER, Integer.BYTES);
      while (true) {
        Waiting.until(descriptor.number(), Waiting.POLLIN, LIMIT, doing);
        long result =
            Syscalls.restarting(Call.READ, descriptor.number(), bytes.address(), BUFFER, 0, 0);
        int length = Syscalls.checked(result, doing);
        ByteBuffer packet = bytes.asSlice(0, length).asByteBuffer().order(ByteOrder.nativeOrder());
        while (packet.remaining() >= HEADER) {
          int size = packet.getInt(packet.position());
          int type = packet.getShort(packet.position() + 4);
          if (size < HEADER || size > packet.remaining()) {
            throw new IOException(
                doing + ": a message of " + size + " bytes (expected: a whole one)");
          }
          boolean ours = packet.getInt(packet.position() + 8) == sequence;
          if (ours && (type == NLMSG_ERROR || type == NLMSG_DONE)) {
            return size < HEADER + Integer.BYTES ? 0 : packet.getInt(packet.position() + HEADER);
          }
          if (ours && size >= HEADER + BODY) {
            var _ = each.test(new Message(packet, packet.position() + HEADER, size - HEADER));
          }
          packet.position(Math.min(packet.limit(), packet.position() + ((size + 3) & ~3)));
        }
      }
    }
  }

  /// A rule or a route as the kernel lists it.
  ///
  /// @param start where its body is
  /// @param length of the body with the attributes
  private record Message(ByteBuffer packet, int start, int length) {
    private static final int NONE = 0;

    boolean isDefault() {
      return packet.get(start + 1) == 0;
    }

    int type() {
      return packet.get(start + 7);
    }

    int table() {
      int named = number(TABLE);
      return named == NONE ? packet.get(start + 4) & 0xFF : named;
    }

    /// The attribute's value, 0 when it is not there.
    int number(int wanted) {
      int at = start + BODY;
      int end = start + length;
      while (at + 8 <= end) {
        int size = packet.getShort(at) & 0xFFFF;
        if ((packet.getShort(at + 2) & 0x3FFF) == wanted && size == 8) {
          return packet.getInt(at + 4);
        }
        at += Math.max(4, (size + 3) & ~3);
      }
      return NONE;
    }
  }
}
