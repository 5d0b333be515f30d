package adit.waypoint.flow;

import adit.waypoint.listener.Http1Server;
import adit.waypoint.listener.Http2Server;
import io.netty.channel.Channel;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Connections of clients that are open. Thread-safe.
public final class Connections {
  private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
  private volatile boolean draining;

  /// Counts a channel until it closes.
  void add(Channel channel) {
    channels.add(channel);
    channel.closeFuture().addListener(_ -> channels.remove(channel));
    if (draining) {
      channel.eventLoop().execute(() -> drain(channel));
    }
  }

  /// What a channel speaks is known now. On its event loop.
  void detected(Channel channel) {
    if (draining) {
      drain(channel);
    }
  }

  /// Whether clients were told to go elsewhere.
  public boolean isDraining() {
    return draining;
  }

  /// How many there are.
  public int size() {
    return channels.size();
  }

  /// Clients of HTTP are told to go elsewhere: by GOAWAY, or with the answer in progress.
  public void drain() {
    draining = true;
    for (Channel channel : List.copyOf(channels)) {
      channel.eventLoop().execute(() -> drain(channel));
    }
  }

  private static void drain(Channel channel) {
    Http1Server http1 = channel.pipeline().get(Http1Server.class);
    if (http1 != null) {
      http1.drain();
    } else {
      var _ = Http2Server.drain(channel);
    }
  }
}
