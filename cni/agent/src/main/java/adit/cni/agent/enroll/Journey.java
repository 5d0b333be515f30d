package adit.cni.agent.enroll;

import adit.cni.agent.observe.Reports;
import adit.cni.agent.probe.ProbedPods;
import adit.cni.agent.prove.ForeignListeners;
import adit.cni.agent.prove.NetnsFinder;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.zds.Answer;
import adit.cni.agent.zds.ZdsPod;
import adit.cni.agent.zds.ZdsServer;
import adit.linux.Netns;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The order of things when a pod joins the mesh and when it leaves.
///
/// Joining: the proxy first, its listeners being there when it has acknowledged; then the node's
/// probe rules, so that no probe is captured; then the rules, so that no connection is refused.
/// Leaving is the reverse. All calls for one pod come from the pod's own tasks; they block.
public final class Journey {
  private static final long ANSWER_SECONDS = 15;

  private final ZdsServer zds;
  private final PodRules rules;
  private final ProbedPods probes;
  private final NetnsFinder finder;
  private final Reports reports;
  private final ForeignListeners listeners;

  /// @param finder opens pods' namespaces
  /// @param listeners finds applications that are in the proxy's way
  public Journey(
      ZdsServer zds,
      PodRules rules,
      ProbedPods probes,
      NetnsFinder finder,
      Reports reports,
      ForeignListeners listeners) {
    this.listeners = listeners;
    this.zds = zds;
    this.rules = rules;
    this.probes = probes;
    this.finder = finder;
    this.reports = reports;
  }

  /// Brings the pod nearer to what is wished for it.
  Outcome advance(MeshPod pod) throws InterruptedException {
    Wish wish = pod.wish;
    try {
      if (wish == null && pod.stage instanceof Stage.Captured(Netns netns, var _)) {
        release(pod, netns);
        return new Outcome.Waiting("its connections through the proxy may end");
      }
      if (wish == null) {
        leave(pod, "it does not belong to the mesh any more");
        return new Outcome.Arrived();
      }
      noteOnce(pod, wish);
      return join(pod, wish);
    } catch (IOException e) {
      return new Outcome.Failed(String.valueOf(e.getMessage()));
    }
  }

  /// Forgets a pod whose namespace is gone or going: nothing is written into it.
  void forget(MeshPod pod, String why) throws IOException, InterruptedException {
    withdraw(pod);
    Wish served = pod.served;
    if (served != null) {
      reports.removed(served.key(), pod.uid, why);
    }
    pod.served = null;
    probes.remove(pod.uid);
    pod.probed = List.of();
  }

  /// Takes our rules out of a pod that this agent never captured, and the annotation off it.
  ///
  /// @return what went wrong, or null
  @Nullable String cleanOrProblem(Wish wish) {
    try (Netns netns = finder.knownOrNull(wish.uid(), wish.netnsHint(), wish.addresses())) {
      if (netns != null && PodRules.isCaptured(netns)) {
        rules.delete(netns);
        reports.removed(wish.key(), wish.uid(), "it left the mesh while no agent ran");
      }
      reports.redirection(wish.key(), wish.uid(), null);
      return null;
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private Outcome join(MeshPod pod, Wish wish) throws IOException, InterruptedException {
    if (pod.stage instanceof Stage.Captured(Netns netns, var options) && !isOffered(pod, netns)) {
      if (!options.equals(wish.options())) {
        rules.write(netns, wish.options());
        pod.stage = new Stage.Captured(netns, wish.options());
      }
      probe(pod, wish);
      return new Outcome.Arrived();
    }
    Netns netns = namespaceOrNull(pod, wish);
    if (netns == null) {
      return new Outcome.Waiting("its network namespace is not known yet");
    }
    String clash = clashOrNull(netns);
    if (clash != null) {
      netns.close();
      return new Outcome.Failed(clash);
    }
    Answer answer = announce(pod, wish, netns);
    if (answer instanceof Answer.Refused(String error)) {
      withdraw(pod);
      return new Outcome.Failed("ztunnel refused it: " + error);
    }
    if (answer instanceof Answer.NoProxy(String reason)) {
      withdraw(pod);
      return new Outcome.Failed(reason);
    }
    capture(pod, wish, netns);
    return new Outcome.Arrived();
  }

  private @Nullable String clashOrNull(Netns netns) throws IOException {
    try {
      return listeners.clashOrNull(netns);
    } catch (IOException | RuntimeException e) {
      netns.close();
      throw e;
    }
  }

  /// A namespace that the runtime has offered and that is not the one that is captured: the sandbox
  /// was made anew.
  private boolean isOffered(MeshPod pod, Netns current) throws IOException {
    MeshPod.Offer offer = pod.offer;
    if (offer == null) {
      return false;
    }
    try (Netns offered = finder.open(offer.path(), offer.addresses())) {
      return !offered.id().equals(current.id());
    }
  }

  private @Nullable Netns namespaceOrNull(MeshPod pod, Wish wish) throws IOException {
    MeshPod.Offer offer = pod.offer;
    if (offer != null) {
      return finder.open(offer.path(), offer.addresses());
    }
    return finder.knownOrNull(wish.uid(), wish.netnsHint(), wish.addresses());
  }

  private Answer announce(MeshPod pod, Wish wish, Netns netns)
      throws IOException, InterruptedException {
    Stage former = pod.stage;
    pod.stage = new Stage.Announced(netns);
    pod.served = wish;
    ZdsPod announced =
        new ZdsPod(
            wish.uid(), wish.key().name(), wish.key().namespace(), wish.serviceAccount(), netns);
    try {
      String problem = rules.prepare(netns);
      if (problem != null) {
        reports.once(problem);
      }
      return zds.add(announced).get(ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return new Answer.NoProxy("no answer of ztunnel: " + e.getMessage());
    } finally {
      // Messages that carry the former descriptor are older than this one, so they are sent by now.
      close(former);
    }
  }

  private void capture(MeshPod pod, Wish wish, Netns netns)
      throws IOException, InterruptedException {
    try {
      probe(pod, wish);
      rules.write(netns, wish.options());
      pod.stage = new Stage.Captured(netns, wish.options());
    } catch (IOException e) {
      // Half a capture is worse than none: the pod stays reachable, and its failure is reported.
      undo(pod, netns, e);
      throw e;
    }
    pod.captured = true;
    reports.enrolled(wish.key(), pod.uid, netns.id().toString());
  }

  private void undo(MeshPod pod, Netns netns, IOException cause) throws InterruptedException {
    try {
      rules.delete(netns);
      probes.remove(pod.uid);
      pod.probed = List.of();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
    withdraw(pod);
  }

  /// New connections go their own way, peers learn to come without a tunnel, and what is open may
  /// end: for a while both ways work.
  private void release(MeshPod pod, Netns netns) throws IOException {
    rules.release(netns);
    pod.stage = new Stage.Leaving(netns);
    pod.captured = false;
    pod.broken = false;
    pod.shown = "";
    Wish served = pod.served;
    if (served != null) {
      reports.redirection(served.key(), pod.uid, null);
    }
  }

  private void leave(MeshPod pod, String why) throws IOException, InterruptedException {
    if (pod.stage instanceof Stage.Leaving(Netns netns)) {
      rules.delete(netns);
    }
    forget(pod, why);
  }

  private void withdraw(MeshPod pod) throws InterruptedException {
    Stage former = pod.stage;
    pod.stage = new Stage.Outside();
    pod.captured = false;
    pod.broken = false;
    try {
      zds.del(pod.uid).get(ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      reports.log().warn("ztunnel did not answer a removal", "uid", pod.uid, "error", e.toString());
    }
    close(former);
  }

  private static void close(Stage stage) {
    switch (stage) {
      case Stage.Announced(Netns netns) -> netns.close();
      case Stage.Captured(Netns netns, var _) -> netns.close();
      case Stage.Leaving(Netns netns) -> netns.close();
      case Stage.Outside() -> {
        // Holds nothing.
      }
    }
  }

  private void probe(MeshPod pod, Wish wish) throws IOException {
    MeshPod.Offer offer = pod.offer;
    List<InetAddress> addresses =
        wish.addresses().isEmpty() && offer != null ? offer.addresses() : wish.addresses();
    // A pod that ends has no addresses in its status, but its probes go on until it is gone.
    if (!addresses.isEmpty() && !addresses.equals(pod.probed)) {
      probes.put(pod.uid, addresses);
      pod.probed = addresses;
    }
  }

  private void noteOnce(MeshPod pod, Wish wish) {
    for (Note note : wish.notes()) {
      if (!pod.noted.contains(note)) {
        reports.note(wish.key(), note.reason(), note.text());
      }
    }
    pod.noted = wish.notes();
  }
}
