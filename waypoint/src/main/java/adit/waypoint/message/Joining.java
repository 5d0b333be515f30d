package adit.waypoint.message;

import adit.hbone.Relay;
import adit.hbone.RelayResult;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.Future;

/// Two channels as one connection.
public final class Joining {
  private Joining() {}

  /// Copies both ways until both have ended. Both channels hold what came already and do not read.
  public static Future<RelayResult> join(Channel client, Channel backend) {
    client.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    backend.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    return Relay.join(client, backend).done();
  }
}
