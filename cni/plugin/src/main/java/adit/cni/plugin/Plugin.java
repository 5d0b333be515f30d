package adit.cni.plugin;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// The CNI plugin (specification 1.1), chained after the plugin that makes the pod's network. It
/// changes nothing itself: it tells the node agent about the pod and passes the earlier result on.
///
/// The agent enrols the pod before it answers, so no process of the pod runs uncaptured. While the
/// agent is away, a pod that is known to be in the mesh waits for it for a few seconds and is then
/// refused with "try again later" (fail closed), and every other pod starts at once; the agent
/// reconciles those that turn out to be in the mesh. When the record of who is in the mesh is
/// broken, or has been taken away, every pod waits.
public final class Plugin {
  private static final int MAX_STDIN = 1 << 20;

  /// More than the agent takes at most, when it waits for a proxy.
  private static final Duration AGENT_LIMIT = Duration.ofSeconds(15);

  /// The kubelet tries again after ten seconds or more; an agent that restarts is back sooner.
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final long LOOK_AGAIN_NANOS = 100_000_000L;
  private static final String AGENT_POD_PREFIX = "istio-cni-node-";

  private final OutputStream log;
  private final Duration agentLimit;
  private final Duration patience;

  /// @param log receives lines for the operator; runtimes copy standard error to their own log
  /// @param agentLimit how long to wait for the agent's answer
  /// @param patience how long a pod of the mesh waits for an agent that is away
  Plugin(OutputStream log, Duration agentLimit, Duration patience) {
    this.log = log;
    this.agentLimit = agentLimit;
    this.patience = patience;
  }

  /// Runs one operation: the command in the environment, the configuration on standard input, the
  /// result or the error on standard output; exits with 0 or 1.
  ///
  /// @param arguments ignored; an interpreter line puts the script's own path there
  public static void main(String[] arguments) {
    // The descriptors themselves: System.in and System.out cost start-up time that this program
    // does not have.
    InputStream in = new FileInputStream(FileDescriptor.in);
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    OutputStream log = new FileOutputStream(FileDescriptor.err);
    int status = new Plugin(log, AGENT_LIMIT, PATIENCE).run(System.getenv(), in, out);
    // Nothing here needs shutdown hooks, and running them takes time.
    Runtime.getRuntime().halt(status);
  }

  /// Runs one operation.
  ///
  /// @return the exit status
  int run(Map<String, String> environment, InputStream in, OutputStream out) {
    String version = Versions.SUPPORTED.getLast();
    Json.Obj answer;
    int status = 0;
    try {
      Invocation invocation = Invocation.of(environment);
      Json document = document(in, invocation.command());
      version = NetworkConfiguration.version(document);
      answer = perform(invocation, document);
    } catch (CniException e) {
      answer = e.toJson(version);
      status = 1;
    }
    try {
      if (!answer.members().isEmpty()) {
        out.write(JsonWriter.write(answer).getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
      return status;
    } catch (IOException e) {
      say("standard output: " + e.getMessage());
      return 1;
    }
  }

  private static Json document(InputStream in, Command command) throws CniException {
    byte[] bytes;
    try {
      bytes = in.readNBytes(MAX_STDIN + 1);
    } catch (IOException e) {
      throw new CniException(CniException.IO_FAILURE, "standard input: " + e.getMessage(), "");
    }
    if (bytes.length > MAX_STDIN) {
      throw new CniException(
          CniException.UNDECODABLE_CONTENT,
          "standard input: more than " + MAX_STDIN + " bytes (expected: at most that)",
          "");
    }
    if (bytes.length == 0 && command == Command.VERSION) {
      // Operators ask for the version by hand, with nothing on standard input.
      return new Json.Obj(Map.of()).with("cniVersion", new Json.Str(Versions.SUPPORTED.getLast()));
    }
    try {
      return JsonReader.read(bytes);
    } catch (JsonException e) {
      throw new CniException(
          CniException.UNDECODABLE_CONTENT, "standard input: " + e.getMessage(), "");
    }
  }

  /// The object to print; empty when the command prints nothing.
  private Json.Obj perform(Invocation invocation, Json document) throws CniException {
    NetworkConfiguration configuration = NetworkConfiguration.of(document);
    Command command = invocation.command();
    if (command == Command.VERSION) {
      return Versions.answer(configuration.cniVersion());
    }
    Versions.require(command, configuration.cniVersion());
    switch (command) {
      case ADD -> add(invocation, configuration);
      case CHECK -> check(invocation, configuration);
      case DEL, GC -> forget(invocation, configuration);
      case STATUS, VERSION -> {
        // Pods outside the mesh start without the agent, and the agent's own pod must: the plugin
        // can always serve ADD.
      }
    }
    return command == Command.ADD ? configuration.result(invocation) : new Json.Obj(Map.of());
  }

  private void add(Invocation invocation, NetworkConfiguration configuration) throws CniException {
    if (!concerns(invocation, configuration)) {
      return;
    }
    long start = System.nanoTime();
    Intervals lines = new Intervals(start);
    AgentReply reply = null;
    while (reply == null) {
      try {
        reply = ask(invocation, configuration, configuration.addresses());
      } catch (IOException e) {
        Membership membership = membership(invocation, configuration);
        long now = System.nanoTime();
        if (lines.isDue(now)) {
          say("the node agent is away; " + next(invocation, membership) + ": " + e.getMessage());
        }
        if (membership instanceof Membership.Outside) {
          return;
        }
        if (!(e instanceof AgentSocket.Away) || now - start >= patience.toNanos()) {
          throw refusal(invocation, configuration, membership, e);
        }
        LockSupport.parkNanos(LOOK_AGAIN_NANOS);
      }
    }
    requireDone(invocation, reply);
  }

  private void check(Invocation invocation, NetworkConfiguration configuration)
      throws CniException {
    if (!concerns(invocation, configuration)) {
      return;
    }
    if (configuration.previous() == null) {
      throw new CniException(
          CniException.INVALID_CONFIGURATION,
          "prevResult: absent (expected: the result of ADD)",
          "");
    }
    AgentReply reply;
    try {
      reply = ask(invocation, configuration, configuration.addresses());
    } catch (IOException e) {
      // Rules and listeners live without the agent; that it is away says nothing against the pod.
      say("CHECK of " + pod(invocation) + " skipped, the agent is away: " + e.getMessage());
      return;
    }
    requireDone(invocation, reply);
  }

  /// DEL and GC never fail on the agent's account: it sees for itself that pods are gone.
  private void forget(Invocation invocation, NetworkConfiguration configuration) {
    List<String> valid = new ArrayList<>();
    for (Json attachment : configuration.validAttachments()) {
      if (attachment instanceof Json.Obj object
          && object.member("containerID") instanceof Json.Str id) {
        valid.add(id.value());
      }
    }
    try {
      AgentReply reply = ask(invocation, configuration, valid);
      if (reply.code() != 0) {
        say(invocation.command() + " of " + pod(invocation) + ": " + reply.message());
      }
    } catch (IOException e) {
      say(
          invocation.command()
              + " of "
              + pod(invocation)
              + " not told to the agent, it is away: "
              + e.getMessage());
    }
  }

  private static boolean concerns(Invocation invocation, NetworkConfiguration configuration) {
    boolean agentItself =
        invocation.podNamespace().equals(configuration.agent().namespace())
            && invocation.podName().startsWith(AGENT_POD_PREFIX);
    return configuration.ambientEnabled()
        && invocation.namesPod()
        && !agentItself
        && !configuration.excludedNamespaces().contains(invocation.podNamespace());
  }

  private AgentReply ask(
      Invocation invocation, NetworkConfiguration configuration, List<String> addresses)
      throws IOException {
    AgentRequest request =
        new AgentRequest(
            invocation.command(),
            invocation.containerId(),
            invocation.netns(),
            invocation.ifname(),
            invocation.podNamespace(),
            invocation.podName(),
            invocation.podUid(),
            addresses);
    return new AgentSocket(
            Path.of(configuration.agent().runDirectory(), AgentRequest.SOCKET), agentLimit)
        .ask(request);
  }

  private static Membership membership(Invocation invocation, NetworkConfiguration configuration) {
    return Membership.of(
        Path.of(configuration.agent().stateFile()),
        configuration.agent().stateKept(),
        invocation.podNamespace(),
        invocation.podName());
  }

  private static String next(Invocation invocation, Membership membership) {
    String pod = "pod " + pod(invocation);
    return switch (membership) {
      case Membership.Outside() -> pod + " is not known to be in the mesh and starts";
      case Membership.Inside() -> pod + " waits for it";
      case Membership.Unclear(String problem) -> pod + " waits for it, since " + problem;
    };
  }

  private static CniException refusal(
      Invocation invocation,
      NetworkConfiguration configuration,
      Membership membership,
      IOException cause) {
    String why =
        membership instanceof Membership.Unclear(String problem)
            ? " may be in the mesh (" + problem + ")"
            : " is in the mesh";
    return new CniException(
        CniException.TRY_AGAIN_LATER,
        "the node agent is away and pod "
            + pod(invocation)
            + why
            + ", so it must not start uncaptured (pod istio-cni-node-* of namespace "
            + configuration.agent().namespace()
            + " on this node is the agent)",
        String.valueOf(cause.getMessage()));
  }

  private static void requireDone(Invocation invocation, AgentReply reply) throws CniException {
    if (reply.code() != 0) {
      throw new CniException(
          reply.code(), "pod " + pod(invocation) + ": " + reply.message(), reply.details());
    }
  }

  private static String pod(Invocation invocation) {
    return invocation.podNamespace() + "/" + invocation.podName();
  }

  private void say(String line) {
    try {
      log.write(("adit-cni: " + line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // There is nobody left to tell.
      return;
    }
  }
}
