package adit.cni.agent.enroll;

import adit.cni.agent.zds.ZdsServer;
import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.CniException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Answers the plugin. A call blocks for at most [#LIMIT], which is less than the plugin waits.
public final class PluginRequests {
  /// For one request.
  static final Duration LIMIT = Duration.ofSeconds(14);

  private final CurrentWishes wishes;
  private final Enroller enroller;
  private final ZdsServer zds;
  private final Timing timing;

  /// @param wishes who is in the mesh
  /// @param enroller who enrols
  /// @param zds the proxies
  /// @param timing how long to wait for pod and proxy
  public PluginRequests(CurrentWishes wishes, Enroller enroller, ZdsServer zds, Timing timing) {
    this.wishes = wishes;
    this.enroller = enroller;
    this.zds = zds;
    this.timing = timing;
  }

  /// Carries a request out.
  public AgentReply answer(AgentRequest request) throws InterruptedException {
    return switch (request.command()) {
      case ADD -> add(request);
      case DEL -> del(request);
      case CHECK -> check(request);
      case GC, STATUS, VERSION ->
          AgentReply.done("nothing to do: pods that are gone are seen in the cluster's view");
    };
  }

  private AgentReply add(AgentRequest request) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    String namespace = request.podNamespace();
    String name = request.podName();
    // The runtime may be faster than the news of the pod.
    Wishes now = wishes.awaitPod(namespace, name, request.podUid(), timing.podVisible());
    Wishes.Outsider outsider = now.outsiderOrNull(namespace, name, request.podUid());
    if (outsider != null) {
      return AgentReply.done("not in the mesh: " + outsider.reason());
    }
    Wish wish = now.memberOrNull(namespace, name, request.podUid());
    if (wish == null) {
      return now.state().inMesh(namespace, name)
          ? new AgentReply(
              CniException.TRY_AGAIN_LATER,
              "its namespace is in the mesh and the node agent has not seen the pod yet",
              "")
          : AgentReply.done(
              "not known; should it belong to the mesh, it is enrolled when it is seen");
    }
    List<InetAddress> addresses = Wishes.addresses(request.addresses());
    if (!request.addresses().isEmpty() && addresses.size() != request.addresses().size()) {
      return new AgentReply(
          CniException.AGENT_REFUSED,
          "addresses: " + request.addresses() + " (expected: IP addresses)",
          "");
    }
    if (!zds.awaitProxy(timing.proxyVisible())) {
      return new AgentReply(CniException.TRY_AGAIN_LATER, zds.awaySentence(), "");
    }
    return await(
        enroller.offer(
            wish.uid(), new MeshPod.Offer(request.netns(), request.containerId(), addresses)),
        end);
  }

  private AgentReply del(AgentRequest request) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    Wish wish =
        wishes.get().memberOrNull(request.podNamespace(), request.podName(), request.podUid());
    String uid = wish == null ? request.podUid() : wish.uid();
    return await(enroller.withdraw(uid, request.containerId()), end);
  }

  private AgentReply check(AgentRequest request) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    Wish wish =
        wishes.get().memberOrNull(request.podNamespace(), request.podName(), request.podUid());
    return wish == null
        ? AgentReply.done("not in the mesh")
        : await(enroller.prove(wish.uid()), end);
  }

  private static AgentReply await(CompletableFuture<AgentReply> reply, long end)
      throws InterruptedException {
    try {
      return reply.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return new AgentReply(
          CniException.TRY_AGAIN_LATER, "not done within " + LIMIT.toMillis() + " ms", "");
    } catch (ExecutionException e) {
      return new AgentReply(
          CniException.AGENT_REFUSED, "a mistake of the agent: " + e.getCause(), "");
    }
  }
}
