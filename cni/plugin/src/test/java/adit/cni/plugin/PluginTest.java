package adit.cni.plugin;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PluginTest {
  private static final String RESULT =
      """
      {"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"0a:00:00:00:00:01","sandbox":"/run/netns/p"}],\
      "ips":[{"interface":0,"address":"10.0.0.5/24","gateway":"10.0.0.1"},{"address":"fd00::5/64"}],\
      "routes":[{"dst":"0.0.0.0/0"}],"dns":{},"unknown":1.50}\
      """;

  @TempDir Path runDirectory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();

  @Test
  void add_agentAccepts_printsThePreviousResultUnchanged() throws Exception {
    try (var agent = FakeAgent.accepting(runDirectory)) {
      int status = run(environment("ADD"), configuration("1.0.0", RESULT));

      assertThat(status).isZero();
      assertThat(output()).isEqualTo(RESULT);
      assertThat(agent.requests.take())
          .isEqualTo(
              new AgentRequest(
                  Command.ADD,
                  "c0ffee",
                  "/run/netns/p",
                  "eth0",
                  "shop",
                  "web-1",
                  "uid-1",
                  List.of("10.0.0.5/24", "fd00::5/64")));
    }
  }

  @Test
  void add_notChained_printsAResultOfItsOwn() throws Exception {
    try (var _ = FakeAgent.accepting(runDirectory)) {
      int status = run(environment("ADD"), configuration("1.1.0", null));

      assertThat(status).isZero();
      assertThat(output())
          .isEqualTo(
              """
              {"cniVersion":"1.1.0","interfaces":[{"name":"eth0","sandbox":"/run/netns/p"}],"ips":[],"dns":{}}\
              """);
    }
  }

  @Test
  void add_agentRefuses_reportsItsCodeAndPod() throws Exception {
    String refusal =
        JsonWriter.write(
            new AgentReply(100, "no ztunnel connection", "last seen 42 s ago").toJson());
    try (var _ = new FakeAgent(runDirectory, refusal)) {
      int status = run(environment("ADD"), configuration("1.0.0", RESULT));

      assertThat(status).isOne();
      assertThat(output())
          .isEqualTo(
              """
              {"cniVersion":"1.0.0","code":100,"msg":"pod shop/web-1: no ztunnel connection","details":"last seen 42 s ago"}\
              """);
    }
  }

  @Test
  void add_agentAwayAndPodUnknown_startsThePod() {
    int status = run(environment("ADD"), configuration("1.0.0", RESULT));

    assertThat(status).isZero();
    assertThat(output()).isEqualTo(RESULT);
    assertThat(logged()).contains("agent is away", "shop/web-1");
  }

  @Test
  void add_agentAwayAndNamespaceAmbient_failsClosed() throws Exception {
    state(new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()));

    int status = run(environment("ADD"), configuration("1.0.0", RESULT));

    assertThat(status).isOne();
    assertThat(output()).contains("\"code\":11", "shop/web-1", "must not start uncaptured");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{}",
        "{\"ambientNamespaces\":[\"sh",
        "{\"ambientNamespaces\":[1],\"excludedNamespaces\":[],\"ambientPods\":[],\"exemptPods\":[]}",
        "{\"excludedNamespaces\":[],\"ambientPods\":[],\"exemptPods\":[]}",
        "{\"ambientNamespaces\":{},\"excludedNamespaces\":[],\"ambientPods\":[],\"exemptPods\":[]}",
      })
  void add_agentAwayAndRecordBroken_failsClosed(String content) throws Exception {
    Path file = runDirectory.resolve(MeshState.FILE);
    Files.writeString(file, content);

    int status = run(environment("ADD"), configuration("1.0.0", RESULT));

    assertThat(status).isOne();
    assertThat(output())
        .contains("\"code\":11", "shop/web-1", file.toString(), "expected:", "istio-cni-node-*");
  }

  /// A configuration that names the record was written after it.
  @Test
  void add_agentAwayAndNamedRecordDeleted_failsClosed() {
    Path file = runDirectory.resolve("adit-cni.state");

    int status =
        run(
            environment("ADD"),
            configuration("1.0.0", RESULT)
                .replaceFirst("\\{", "{\"mesh_state_file\":\"" + file + "\","));

    assertThat(status).isOne();
    assertThat(output())
        .contains("\"code\":11", "shop/web-1", file + ": missing", "expected:", "istio-cni-node-*");
  }

  @Test
  void add_agentAwayAndRecordUnreadable_failsClosed() throws Exception {
    Path file = Files.createDirectory(runDirectory.resolve(MeshState.FILE));

    assertThat(run(environment("ADD"), configuration("1.0.0", RESULT))).isOne();
    assertThat(output()).contains("\"code\":11", file.toString(), "expected:");
  }

  @Test
  void add_recordBrokenButAgentThere_isCarriedOut() throws Exception {
    Files.writeString(runDirectory.resolve(MeshState.FILE), "{");
    try (var _ = FakeAgent.accepting(runDirectory)) {
      assertThat(run(environment("ADD"), configuration("1.0.0", RESULT))).isZero();
    }
  }

  @Test
  void add_podOfTheMeshWaits_isSaidAtGrowingIntervals() throws Exception {
    state(new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()));

    int status =
        new Plugin(log, Duration.ofMillis(500), Duration.ofMillis(2500))
            .run(
                environment("ADD"),
                new ByteArrayInputStream(
                    configuration("1.0.0", RESULT).getBytes(StandardCharsets.UTF_8)),
                out);

    assertThat(status).isOne();
    assertThat(logged().lines()).as("at once, and after one second").hasSizeBetween(1, 2);
  }

  @Test
  void add_agentComesWhileAPodOfTheMeshWaits_isCarriedOut() throws Exception {
    state(new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()));
    AtomicReference<@Nullable FakeAgent> agent = new AtomicReference<>();
    OutputStream startsTheAgent =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            if (agent.get() == null) {
              agent.set(FakeAgent.accepting(runDirectory));
            }
          }
        };

    int status =
        new Plugin(startsTheAgent, Duration.ofSeconds(20), Duration.ofSeconds(20))
            .run(
                environment("ADD"),
                new ByteArrayInputStream(
                    configuration("1.0.0", RESULT).getBytes(StandardCharsets.UTF_8)),
                out);

    try (FakeAgent started = requireNonNull(agent.get())) {
      assertThat(status).isZero();
      assertThat(output()).isEqualTo(RESULT);
      assertThat(started.requests.take().podName()).isEqualTo("web-1");
    }
  }

  @Test
  void add_stateFileElsewhere_isTheOneThatCounts() throws Exception {
    state(new MeshState(Set.of(), Set.of(), Set.of(), Set.of()));
    Path elsewhere = runDirectory.resolve("adit-cni.state");
    Files.writeString(
        elsewhere,
        JsonWriter.write(new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()).toJson()));

    int status =
        run(
            environment("ADD"),
            configuration("1.0.0", RESULT)
                .replaceFirst("\\{", "{\"mesh_state_file\":\"" + elsewhere + "\","));

    assertThat(status).isOne();
    assertThat(output()).contains("\"code\":11", "istio-cni-node-*");
  }

  @Test
  void add_agentAwayAndPodKnown_followsThePod() throws Exception {
    state(
        new MeshState(
            Set.of("shop"), Set.of("kube-system"), Set.of("other/db-0"), Set.of("shop/web-1")));

    assertThat(run(environment("ADD"), configuration("1.0.0", RESULT))).isZero();

    Map<String, String> direct = environment("ADD");
    direct.put("CNI_ARGS", "K8S_POD_NAMESPACE=other;K8S_POD_NAME=db-0");
    assertThat(run(direct, configuration("1.0.0", RESULT))).isOne();
  }

  @Test
  void add_agentSilent_endsWithinTheLimit() throws Exception {
    state(new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()));
    try (var _ = new FakeAgent(runDirectory, FakeAgent.SILENCE)) {
      long start = System.nanoTime();

      int status = run(environment("ADD"), configuration("1.0.0", RESULT));

      assertThat(status).isOne();
      assertThat(output()).contains("\"code\":11", "no answer within 500 ms");
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "garbage", "[]", "{\"code\":\"0\"}", "{\"code\":1.5,\"message\":\"\"}"})
  void add_agentAnswersGarbage_countsAsAway(String garbage) throws Exception {
    state(new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()));
    try (var _ = new FakeAgent(runDirectory, garbage)) {
      assertThat(run(environment("ADD"), configuration("1.0.0", RESULT))).isOne();
      assertThat(output()).contains("\"code\":11");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "istio-system, istio-cni-node-abcde", // the agent's own pod must not wait for the agent
    "kube-system, coredns", // excluded by the configuration
  })
  void add_podThatIsNeverEnrolled_doesNotAskTheAgent(String namespace, String pod)
      throws Exception {
    state(new MeshState(Set.of("istio-system", "kube-system"), Set.of(), Set.of(), Set.of()));
    Map<String, String> environment = environment("ADD");
    environment.put("CNI_ARGS", "K8S_POD_NAMESPACE=" + namespace + ";K8S_POD_NAME=" + pod);

    assertThat(run(environment, configuration("1.0.0", RESULT))).isZero();
    assertThat(output()).isEqualTo(RESULT);
  }

  @Test
  void add_withoutPod_passesTheResultOn() {
    Map<String, String> environment = environment("ADD");
    environment.remove("CNI_ARGS");

    assertThat(run(environment, configuration("0.3.1", RESULT))).isZero();
    assertThat(output())
        .isEqualTo(RESULT.replace("\"cniVersion\":\"1.0.0\"", "\"cniVersion\":\"0.3.1\""));
  }

  @ParameterizedTest
  @CsvSource({
    "CNI_COMMAND, '', CNI_COMMAND",
    "CNI_COMMAND, REMOVE, CNI_COMMAND",
    "CNI_CONTAINERID, '', CNI_CONTAINERID",
    "CNI_CONTAINERID, ../x, CNI_CONTAINERID",
    "CNI_NETNS, '', CNI_NETNS",
    "CNI_IFNAME, '', CNI_IFNAME",
    "CNI_IFNAME, a/b, CNI_IFNAME",
    "CNI_IFNAME, sixteen-letters-x, CNI_IFNAME",
    "CNI_ARGS, K8S_POD_NAME, CNI_ARGS",
  })
  void add_badEnvironment_namesTheVariable(String variable, String value, String named) {
    Map<String, String> environment = environment("ADD");
    environment.put(variable, value);

    assertThat(run(environment, configuration("1.0.0", RESULT))).isOne();
    assertThat(output()).contains("\"code\":4", "\"msg\":\"" + named + ": ", "expected:");
  }

  @Test
  void run_emptyEnvironment_isAnError() {
    assertThat(run(new HashMap<>(), "")).isOne();
    assertThat(output())
        .startsWith("{\"cniVersion\":\"1.1.0\",\"code\":4,\"msg\":\"CNI_COMMAND: absent or empty");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "not json", "{\"cniVersion\":\"1.0.0\"} trailing"})
  void add_standardInputNotJson_isCode6(String input) {
    assertThat(run(environment("ADD"), input)).isOne();
    assertThat(output()).contains("\"code\":6", "standard input");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{\"cniVersion\":\"1.0.0\",\"prevResult\":[]}",
        "{\"cniVersion\":\"1.0.0\",\"prevResult\":{\"ips\":[{}]}}",
        "{\"cniVersion\":\"1.0.0\",\"prevResult\":{\"ips\":{}}}",
        "{\"cniVersion\":\"1.0.0\",\"exclude_namespaces\":[1]}",
        "{\"cniVersion\":\"1.0.0\",\"cni_agent_run_dir\":7}",
      })
  void add_configurationOfAWrongForm_isCode7(String input) {
    assertThat(run(environment("ADD"), input)).isOne();
    assertThat(output()).contains("\"code\":7", "expected:");
  }

  @Test
  void add_endlessStandardInput_isCutOff() {
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return ' ';
          }
        };

    assertThat(plugin().run(environment("ADD"), endless, out)).isOne();
    assertThat(output()).contains("\"code\":6", "more than 1048576 bytes");
  }

  @ParameterizedTest
  @CsvSource({
    "ADD, 0.2.0",
    "ADD, 2.0.0",
    "ADD, ''",
    "CHECK, 0.3.1",
    "GC, 1.0.0",
    "STATUS, 1.0.0",
    "DEL, 0.1.0",
  })
  void run_versionTooOldOrUnknown_isCode1(String command, String version) {
    assertThat(run(environment(command), configuration(version, RESULT))).isOne();
    assertThat(output()).contains("\"code\":1", "cniVersion");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
  void add_everySupportedVersion_answersInThatVersion(String version) {
    assertThat(run(environment("ADD"), configuration(version, null))).isZero();
    assertThat(output()).startsWith("{\"cniVersion\":\"" + version + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{\"cniVersion\":\"1.1.0\"}"})
  void version_always_listsWhatIsSpoken(String input) {
    assertThat(run(new HashMap<>(Map.of("CNI_COMMAND", "VERSION")), input)).isZero();
    assertThat(output())
        .isEqualTo(
            "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}");
  }

  @Test
  void del_agentAway_succeedsSilently() throws Exception {
    state(new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()));
    Map<String, String> environment = environment("DEL");
    environment.remove("CNI_NETNS");

    assertThat(run(environment, configuration("1.0.0", RESULT))).isZero();
    assertThat(output()).isEmpty();
  }

  @Test
  void del_agentRefuses_stillSucceeds() throws Exception {
    try (var agent = new FakeAgent(runDirectory, "{\"code\":100,\"message\":\"no\"}")) {
      assertThat(run(environment("DEL"), configuration("1.0.0", null))).isZero();
      assertThat(agent.requests.take().command()).isEqualTo(Command.DEL);
    }
  }

  @Test
  void check_agentSaysNotCaptured_fails() throws Exception {
    try (var _ = new FakeAgent(runDirectory, "{\"code\":100,\"message\":\"rules are missing\"}")) {
      assertThat(run(environment("CHECK"), configuration("1.0.0", RESULT))).isOne();
      assertThat(output()).contains("rules are missing");
    }
  }

  @Test
  void check_agentAway_saysNothingAgainstThePod() {
    assertThat(run(environment("CHECK"), configuration("1.0.0", RESULT))).isZero();
    assertThat(output()).isEmpty();
  }

  @Test
  void check_withoutPreviousResult_isCode7() {
    assertThat(run(environment("CHECK"), configuration("1.0.0", null))).isOne();
    assertThat(output()).contains("\"code\":7", "prevResult");
  }

  @Test
  void status_always_isReady() {
    assertThat(run(new HashMap<>(Map.of("CNI_COMMAND", "STATUS")), configuration("1.1.0", null)))
        .isZero();
    assertThat(output()).isEmpty();
  }

  @Test
  void gc_validAttachments_reachTheAgent() throws Exception {
    try (var agent = FakeAgent.accepting(runDirectory)) {
      String input =
          configuration("1.1.0", null)
              .replaceFirst(
                  "\\{",
                  "{\"cni.dev/valid-attachments\":[{\"containerID\":\"a\",\"ifname\":\"eth0\"},{}],");

      assertThat(run(new HashMap<>(Map.of("CNI_COMMAND", "GC")), input)).isZero();
      assertThat(agent.requests.take().addresses()).containsExactly("a");
    }
  }

  @FuzzTest(maxDuration = "5s")
  void run_anyStandardInput_answersWithOneObjectOrNothing(byte[] input) {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    Map<String, String> environment = environment("ADD");
    environment.remove("CNI_ARGS");

    int status = plugin().run(environment, new ByteArrayInputStream(input), answer);

    Json.Obj object = (Json.Obj) JsonReader.read(answer.toByteArray());
    assertThat(object.member("code") != null).isEqualTo(status == 1);
  }

  private int run(Map<String, String> environment, String input) {
    out.reset();
    return plugin()
        .run(environment, new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), out);
  }

  private Plugin plugin() {
    return new Plugin(log, Duration.ofMillis(500), Duration.ZERO);
  }

  private String output() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String logged() {
    return log.toString(StandardCharsets.UTF_8);
  }

  private void state(MeshState state) throws IOException {
    Files.writeString(runDirectory.resolve(MeshState.FILE), JsonWriter.write(state.toJson()));
  }

  private static Map<String, String> environment(String command) {
    return new HashMap<>(
        Map.of(
            "CNI_COMMAND", command,
            "CNI_CONTAINERID", "c0ffee",
            "CNI_NETNS", "/run/netns/p",
            "CNI_IFNAME", "eth0",
            "CNI_ARGS",
                "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1;K8S_POD_UID=uid-1"));
  }

  private String configuration(String version, @Nullable String previous) {
    return """
    {"cniVersion":"%s","name":"net","type":"adit-cni","cni_agent_run_dir":"%s","exclude_namespaces":["kube-system"]%s}\
    """
        .formatted(
            version,
            runDirectory == null ? "" : runDirectory,
            previous == null ? "" : ",\"prevResult\":" + previous);
  }
}
