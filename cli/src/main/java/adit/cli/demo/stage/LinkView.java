package adit.cli.demo.stage;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/// What the pods of the shop said to each other on a link from some moment on, each packet counted
/// for the connection that it belongs to: a connection that was open at that moment stays as it
/// was, so it is told apart from those that came after.
///
/// @param packets all of them
/// @param opened connections that were opened, by destination port
/// @param markedNew packets with the marker of connections that were opened from that moment on
/// @param markedOld packets with the marker of connections that were open before
/// @param oldConnections how many connections the latter belong to
public record LinkView(
    int packets,
    SortedMap<Integer, Integer> opened,
    int markedNew,
    int markedOld,
    int oldConnections) {
  /// One end and the other, in the order of the connection's first packet.
  private record Connection(InetAddress from, int fromPort, InetAddress to, int toPort) {
    static Connection of(SeenPacket packet) {
      return new Connection(packet.from(), packet.fromPort(), packet.to(), packet.toPort());
    }

    Connection reversed() {
      return new Connection(to, toPort, from, fromPort);
    }
  }

  /// Sorts packets.
  ///
  /// @param all in the order of their time; the more that came before `since`, the better: a SYN
  ///   that is sent again belongs to the moment of the first one
  /// @param since that moment, milliseconds since the epoch
  /// @param pods whose packets to each other count
  public static LinkView of(List<SeenPacket> all, long since, Set<InetAddress> pods) {
    Map<Connection, Long> openedAt = new HashMap<>();
    Set<Connection> old = new HashSet<>();
    SortedMap<Integer, Integer> opened = new TreeMap<>();
    int packets = 0;
    int markedNew = 0;
    int markedOld = 0;
    for (SeenPacket packet : all) {
      if (!pods.contains(packet.from()) || !pods.contains(packet.to())) {
        continue;
      }
      boolean first =
          packet.opens() && openedAt.putIfAbsent(Connection.of(packet), packet.atMillis()) == null;
      if (packet.atMillis() < since) {
        continue;
      }
      packets++;
      if (first) {
        opened.merge(packet.toPort(), 1, Integer::sum);
      }
      if (packet.marked() && isNew(packet, openedAt, since)) {
        markedNew++;
      } else if (packet.marked()) {
        markedOld++;
        old.add(directed(packet, openedAt));
      }
    }
    return new LinkView(packets, opened, markedNew, markedOld, old.size());
  }

  private static boolean isNew(SeenPacket packet, Map<Connection, Long> openedAt, long since) {
    Long at = openedAt.get(directed(packet, openedAt));
    return at != null && at >= since;
  }

  /// The packet's connection, seen from the side that opened it if that was seen.
  private static Connection directed(SeenPacket packet, Map<Connection, Long> openedAt) {
    Connection there = Connection.of(packet);
    Connection back = there.reversed();
    if (openedAt.containsKey(there) || openedAt.containsKey(back)) {
      return openedAt.containsKey(there) ? there : back;
    }
    return packet.fromPort() < packet.toPort() ? back : there;
  }
}
