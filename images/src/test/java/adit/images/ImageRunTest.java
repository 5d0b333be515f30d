package adit.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.LoadImageCallback;
import com.github.dockerjava.api.command.WaitContainerResultCallback;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.startupcheck.OneShotStartupCheckStrategy;
import org.testcontainers.containers.startupcheck.StartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.Wait;

/// The images that were built (`./adit images`) on a Docker daemon. Where there is none, or an
/// image was not built, its test is skipped, and counted. No network, and a root that cannot be
/// written.
class ImageRunTest {
  private static final Path ARCHIVES = Path.of("..", "target", "images");
  private static final Duration START = Duration.ofSeconds(60);
  private static final int SIGTERM_SECONDS = 40;

  /// What an image does in a container that has nothing of a cluster.
  ///
  /// @param arguments in place of the image's own, if any
  /// @param says a part of what it writes
  /// @param runs whether it stays
  record Expected(String image, List<String> arguments, String says, boolean runs) {
    @Override
    public String toString() {
      return image;
    }
  }

  private static final List<Expected> KNOWN =
      List.of(
          new Expected("pilot", List.of(), "cannot start", false),
          new Expected("ztunnel", List.of(), "started", true),
          new Expected("install-cni", List.of(), "NODE_NAME: absent or empty (expected:", false),
          new Expected("proxyv2", List.of(), "POD_NAME: not set (expected:", false),
          new Expected("bookshop", List.of("client", "wait"), "waiting for SIGTERM", true));

  static Stream<Expected> running() {
    return KNOWN.stream().filter(Expected::runs);
  }

  static Stream<Expected> refusing() {
    return KNOWN.stream().filter(each -> !each.runs());
  }

  @ParameterizedTest
  @MethodSource("running")
  void image_thatNeedsNoCluster_runsUntilSigtermAndWritesNothing(Expected expected)
      throws Exception {
    try (GenericContainer<?> container = container(expected)) {
      container.waitingFor(Wait.forLogMessage(".*" + expected.says() + ".*\\n", 1));
      container.withStartupTimeout(START);
      container.start();

      String java = container.getContainerInfo().getPath();
      var written = container.execInContainer(java, "-Xlog:startuptime:file=/written", "-version");
      String id = container.getContainerId();
      docker().stopContainerCmd(id).withTimeout(SIGTERM_SECONDS).exec();

      assertThat(written.getStdout() + written.getStderr()).contains("Read-only file system");
      assertThat(exitCode(id)).as(container.getLogs()).isIn(0, 143);
      assertThat(docker().containerDiffCmd(id).exec()).isNullOrEmpty();
      assertThat(container.getLogs()).doesNotContain("[error][cds]", "[warning][cds]");
    }
  }

  @ParameterizedTest
  @MethodSource("refusing")
  void image_thatNeedsACluster_endsAndSaysWhatIsMissing(Expected expected) throws Exception {
    try (GenericContainer<?> container = container(expected)) {
      container.withStartupCheckStrategy(new Ended());
      container.start();

      assertThat(container.getLogs())
          .contains(expected.says())
          .doesNotContain("[error][cds]", "[warning][cds]");
      assertThat(exitCode(container.getContainerId())).isEqualTo(1);
    }
  }

  /// Started when it has ended, however.
  private static final class Ended extends OneShotStartupCheckStrategy {
    private Ended() {
      withTimeout(START);
    }

    @Override
    public StartupCheckStrategy.StartupStatus checkStartupState(DockerClient client, String id) {
      return super.checkStartupState(client, id) == StartupStatus.NOT_YET_KNOWN
          ? StartupStatus.NOT_YET_KNOWN
          : StartupStatus.SUCCESSFUL;
    }
  }

  private static DockerClient docker() {
    return DockerClientFactory.lazyClient();
  }

  private static int exitCode(String id) throws IOException {
    try (var waiting = new WaitContainerResultCallback()) {
      return docker()
          .waitContainerCmd(id)
          .exec(waiting)
          .awaitStatusCode(START.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private static GenericContainer<?> container(Expected expected) throws IOException {
    Path archive = ARCHIVES.resolve(expected.image() + ".tar");
    assumeTrue(Files.exists(archive), () -> archive + ": not built");
    assumeTrue(DockerClientFactory.instance().isDockerAvailable(), "no Docker daemon");
    try (InputStream bytes = Files.newInputStream(archive)) {
      docker().loadImageAsyncCmd(bytes).exec(new LoadImageCallback()).awaitMessage();
    }
    GenericContainer<?> container =
        new GenericContainer<>(String.format(Locale.ROOT, "adit/%s:dev", expected.image()));
    container
        .withImagePullPolicy(name -> false)
        .withNetworkMode("none")
        .withCreateContainerCmdModifier(
            create -> Objects.requireNonNull(create.getHostConfig()).withReadonlyRootfs(true));
    if (!expected.arguments().isEmpty()) {
      container.withCommand(expected.arguments().toArray(String[]::new));
    }
    return container;
  }
}
