package adit.ztunnel.app;

import static java.nio.charset.StandardCharsets.US_ASCII;

import adit.linux.SeqPacketSocket;
import adit.telemetry.Log;
import adit.telemetry.LogFilter;
import adit.telemetry.LogFormat;
import adit.telemetry.LogOutput;
import adit.ztunnel.config.ConfigReader;
import adit.ztunnel.config.ZtunnelConfig;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The run from which the archive of classes and their links is made: the real process, from its
/// configuration to its end, with a control plane and a node agent of its own and traffic between
/// two pods on loopback. It changes nothing on the machine.
final class Training {
  /// Long enough for what a connection runs through to have profiles.
  static final Duration USUAL = Duration.ofSeconds(4);

  private static final int LEAST = 64;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Log log;
  private final Duration traffic;

  private Training(Log log, Duration traffic) {
    this.log = log;
    this.traffic = traffic;
  }

  /// Blocks.
  ///
  /// @param traffic how long connections are made; some are made in any case
  /// @return whether everything went through; what did not is told in the log
  static boolean run(Log log, Duration traffic) {
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("training", true), EpollIoHandler.newFactory());
    try {
      Path directory = Files.createTempDirectory("adit-training-");
      try {
        new Training(log, traffic).with(group, directory);
        return true;
      } finally {
        Files.delete(directory);
      }
    } catch (IOException | RuntimeException e) {
      log.error("training failed", "error", e);
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private void with(EventLoopGroup group, Path directory) throws IOException, InterruptedException {
    Path socket = directory.resolve("agent.sock");
    try (var application = new EchoPort(group);
        var plane = TrainingProcess.start(directory, application.number());
        var agent = new TrainingAgent(socket);
        var lines =
            LogOutput.start(
                OutputStream.nullOutputStream(),
                LogFormat.PLAIN,
                LogFilter.INFO,
                Clock.systemUTC())) {
      var config =
          new ConfigReader(
                  Map.of(
                      "XDS_ADDRESS", plane.address(),
                      "CA_ADDRESS", plane.address(),
                      "XDS_ROOT_CA", plane.roots().toString(),
                      "CA_ROOT_CA", plane.roots().toString(),
                      "INPOD_UDS", socket.toString(),
                      "INPOD_PORT_REUSE", "false"))
              .read()
              .withPorts(new ZtunnelConfig.Ports(freePort(), freePort(), freePort()));
      live(new ZtunnelProcess(config, lines), agent);
    }
  }

  private void live(ZtunnelProcess process, TrainingAgent agent)
      throws IOException, InterruptedException {
    process.start();
    try (SeqPacketSocket session = agent.serve();
        var pods = new TrainingPods(process.node())) {
      long begun = System.nanoTime();
      int connections = 0;
      while (connections < LEAST || System.nanoTime() - begun < traffic.toNanos()) {
        pods.converse(connections % 8 == 0);
        connections++;
      }
      ZtunnelConfig.Ports ports = process.config().ports();
      String ready = get(ports.readiness(), "/healthz/ready");
      String metrics = get(ports.metrics(), "/metrics");
      log.info(
          "trained",
          "connections",
          connections,
          "answers",
          ready.length() + metrics.length(),
          "agent",
          session.peerPid());
    } finally {
      process.shutDown("training");
      process.awaitEnd();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  private static String get(int port, String path) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.1\r\nHost: ztunnel\r\nConnection: close\r\n\r\n")
                  .getBytes(US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), US_ASCII);
      if (!answer.startsWith("HTTP/1.1 200")) {
        throw new IOException(path + ": " + answer + " (expected: 200)");
      }
      return answer;
    }
  }
}
