package adit.istiod.translate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.istiod.l7.L7Check;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.source.ClusterView;
import adit.source.DirectorySource;
import adit.xds.ResourceVersion;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each directory below `translate/` holds a cluster (`input.yaml`) and what is made of it
/// (`expected.json`): resources by name, in protobuf's JSON with addresses as text. To write the
/// expectations anew, set `ADIT_WRITE_GOLDEN` to `src/test/resources/translate`, and read the
/// difference.
final class GoldenTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonFormat.TypeRegistry REGISTRY =
      JsonFormat.TypeRegistry.newBuilder()
          .add(adit.protos.l7.L7Proto.getDescriptor().getMessageTypes())
          .build();
  static final MeshSettings MESH =
      new MeshSettings(
          "Kubernetes", "cluster.local", "cluster.local", "istio-system", "main", false);

  static List<String> cases() throws IOException, URISyntaxException {
    try (Stream<Path> directories = Files.list(root())) {
      return directories.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static Path root() throws URISyntaxException {
    return Path.of(requireNonNull(GoldenTest.class.getResource("/translate")).toURI());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void cluster_becomesTheExpectedResources(String name) throws Exception {
    Path directory = root().resolve(name);
    JsonNode actual;
    try (DirectorySource source = DirectorySource.open(List.of(directory), new L7Check())) {
      actual = translate(source.current());
    }
    String write = System.getenv("ADIT_WRITE_GOLDEN");
    if (write != null) {
      Files.writeString(
          Path.of(write, name, "expected.json"),
          JSON.writerWithDefaultPrettyPrinter().writeValueAsString(actual) + "\n");
    }
    JsonNode expected = JSON.readTree(directory.resolve("expected.json").toFile());
    assertThat(actual.toPrettyString()).isEqualTo(expected.toPrettyString());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyListedPolicy_isPublished(String name) throws Exception {
    try (DirectorySource source =
        DirectorySource.open(List.of(root().resolve(name)), new L7Check())) {
      Translated translated = new Translator(MESH).translate(source.current());
      PoliciesListed.assertPublished(translated);
    }
  }

  private static JsonNode translate(ClusterView view) throws IOException {
    Translated translated = new Translator(MESH).translate(view);
    ObjectNode root = JSON.createObjectNode();
    ObjectNode addresses = JSON.createObjectNode();
    for (var entry : sorted(translated.addresses()).entrySet()) {
      Address address = Address.parseFrom(entry.getValue().body().getValue());
      JsonNode json = json(address.hasWorkload() ? address.getWorkload() : address.getService());
      addresses.set(entry.getKey(), readable(json));
    }
    ObjectNode policies = JSON.createObjectNode();
    for (var entry : sorted(translated.policies()).entrySet()) {
      policies.set(
          entry.getKey(),
          readable(json(Authorization.parseFrom(entry.getValue().body().getValue()))));
    }
    put(root, "addresses", addresses);
    put(root, "policies", policies);
    ObjectNode reports = JSON.createObjectNode();
    translated.reports().stream()
        .filter(report -> !report.whole())
        .sorted(Comparator.comparing(Translated.PolicyReport::policy))
        .forEach(report ->
            reports.put(
                report.policy().toString(),
                (report.accepted() ? "in part: " : "refused: ") + report.message()));
    put(root, "reports", reports);
    put(root, "conditions", conditions(translated));
    put(root, "l7", l7(translated));
    put(root, "statuses", statuses(translated));
    ArrayNode problems = JSON.createArrayNode();
    view.problems().stream()
        .map(problem -> problem.object() + ": " + problem.field() + ": " + problem.value())
        .sorted()
        .forEach(problems::add);
    put(root, "problems", problems);
    return root;
  }

  private static ObjectNode l7(Translated translated) throws IOException {
    ObjectNode types = JSON.createObjectNode();
    for (String url : TypeUrls.L7) {
      ObjectNode ofType = JSON.createObjectNode();
      for (var entry : sorted(translated.l7().types().getOrDefault(url, Map.of())).entrySet()) {
        JsonFormat.Printer printer = JsonFormat.printer().usingTypeRegistry(REGISTRY);
        ofType.set(entry.getKey(), JSON.readTree(printer.print(entry.getValue().body())));
        ((ObjectNode) ofType.get(entry.getKey())).remove("@type");
      }
      put(types, url.substring(url.lastIndexOf('.') + 1), ofType);
    }
    return types;
  }

  private static ArrayNode statuses(Translated translated) {
    ArrayNode lines = JSON.createArrayNode();
    translated
        .l7()
        .statuses()
        .forEach((key, status) -> {
          ObjectNode written = JSON.createObjectNode();
          status.apply(written, Instant.EPOCH);
          for (JsonNode parent : written.path("parents")) {
            for (JsonNode condition : parent.path("conditions")) {
              lines.add(
                  key
                      + " at "
                      + parent.path("parentRef").path("name").asText()
                      + ": "
                      + condition.path("type").asText()
                      + " "
                      + condition.path("status").asText()
                      + " "
                      + condition.path("reason").asText()
                      + ": "
                      + condition.path("message").asText());
            }
          }
        });
    List<JsonNode> sorted = new ArrayList<>();
    lines.forEach(sorted::add);
    sorted.sort(Comparator.comparing(JsonNode::asText));
    return JSON.createArrayNode().addAll(sorted);
  }

  private static ArrayNode conditions(Translated translated) {
    ArrayNode lines = JSON.createArrayNode();
    translated.conditions().stream()
        .map(report ->
            report.about()
                + ": "
                + report.condition().type()
                + " "
                + report.condition().status()
                + " "
                + report.condition().reason()
                + ": "
                + report.condition().message())
        .sorted()
        .forEach(lines::add);
    return lines;
  }

  private static void put(ObjectNode root, String name, JsonNode value) {
    if (!value.isEmpty()) {
      root.set(name, value);
    }
  }

  private static Map<String, ResourceVersion> sorted(Map<String, ResourceVersion> resources) {
    return new TreeMap<>(resources);
  }

  private static JsonNode json(Message message)
      throws InvalidProtocolBufferException, JsonProcessingException {
    return JSON.readTree(JsonFormat.printer().print(message));
  }

  /// Bytes of addresses as text.
  private static JsonNode readable(JsonNode node) {
    if (node instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> entry : object.properties()) {
        boolean bytes = entry.getKey().equals("address") && entry.getValue().isTextual();
        entry.setValue(bytes ? text(entry.getValue()) : readable(entry.getValue()));
      }
      if (object.get("addresses") instanceof ArrayNode list && list.path(0).isTextual()) {
        for (int i = 0; i < list.size(); i++) {
          list.set(i, text(list.get(i)));
        }
      }
    } else if (node instanceof ArrayNode list) {
      list.forEach(GoldenTest::readable);
    }
    return node;
  }

  private static TextNode text(JsonNode base64) {
    byte[] bytes = Base64.getDecoder().decode(base64.textValue());
    return TextNode.valueOf(Bytes.text(ByteString.copyFrom(bytes)));
  }
}
