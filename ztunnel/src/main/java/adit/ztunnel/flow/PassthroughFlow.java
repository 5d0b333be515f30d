package adit.ztunnel.flow;

import adit.hbone.Relay;
import adit.model.NetworkAddress;
import adit.model.Workload;
import adit.model.authorize.Connection;
import adit.model.authorize.Verdict;
import adit.ztunnel.observe.Direction;
import adit.ztunnel.observe.Facts;
import adit.ztunnel.observe.Party;
import adit.ztunnel.table.Tracked;
import adit.ztunnel.view.Standing;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;

/// Plaintext for a pod's application: port 15006.
///
/// accepted → local workload → authorize (no identity) → open → copy → observe. Everything on the
/// loop that accepted.
public final class PassthroughFlow {
  private final Pod pod;

  public PassthroughFlow(Pod pod) {
    this.pod = pod;
  }

  /// Takes over an accepted connection that does not read yet.
  ///
  /// @param destination where the client wanted to go
  /// @param spoof whether the application may see the client's address
  public void run(
      Channel client, InetSocketAddress source, InetSocketAddress destination, boolean spoof) {
    if (pod.ports().isOwn(destination.getPort())) {
      deny(client, source, destination, "self call: the destination is the proxy itself");
      return;
    }
    long accepted = pod.observer().nanoTime();
    var _ =
        pod.local()
            .await(client.eventLoop())
            .addListener((Future<Standing> known) -> {
              Workload workload = known.getNow().workloadOrNull();
              if (workload == null) {
                deny(client, source, destination, "workload not found: " + pod.local().pod());
              } else {
                var facts = facts(workload, source, destination);
                authorize(client, facts, known.getNow(), spoof, accepted);
              }
            });
  }

  private void deny(
      Channel client, InetSocketAddress source, InetSocketAddress destination, String error) {
    pod.observer().deniedEarly(Direction.INBOUND, source, destination, error, null);
    var _ = client.close();
  }

  private Facts facts(Workload workload, InetSocketAddress source, InetSocketAddress destination) {
    Workload peer =
        pod.board().view().workloadByIp(new NetworkAddress(pod.network(), source.getAddress()));
    return new Facts(
        Direction.INBOUND,
        new Party(peer, null),
        source,
        new Party(workload, null),
        destination,
        null,
        null);
  }

  private void authorize(
      Channel client, Facts facts, Standing standing, boolean spoof, long accepted) {
    InetSocketAddress destination = facts.destinationAddress();
    var connection =
        new Connection(
            facts.sourceAddress().getAddress(),
            null,
            destination.getAddress(),
            destination.getPort());
    var row =
        new Tracked.Row(
            true,
            facts.sourceAddress(),
            NetUtil.toSocketAddressString(destination),
            destination,
            Tracked.Protocol.TCP);
    var inbound = new Inbound(pod, facts, connection, row, client.eventLoop(), accepted);
    switch (inbound.check(standing)) {
      case Verdict.Denied denied -> {
        inbound.denied(denied);
        var _ = client.close();
      }
      case Verdict.Permit permit -> open(client, inbound, permit, spoof);
    }
  }

  private void open(Channel client, Inbound inbound, Verdict.Permit permit, boolean spoof) {
    EventLoop loop = client.eventLoop();
    Future<Channel> connecting = pod.dialer().connect(loop, permit, spoof);
    var _ = client.closeFuture().addListener(_ -> connecting.cancel(false));
    inbound.whenEnded(end -> {
      inbound.fail(Outcomes.of(end));
      var _ = client.close();
      var _ = connecting.cancel(false);
    });
    var _ =
        connecting.addListener((Future<Channel> done) -> {
          if (done.isSuccess()) {
            Relay relay = Relay.join(client, done.getNow());
            Copying.run(pod, relay, inbound.observed(), inbound.tracked(), loop, true);
          } else if (inbound.tracked().isOpen()) {
            inbound.fail(Outcomes.of(done.cause()));
            var _ = client.close();
          }
        });
  }
}
