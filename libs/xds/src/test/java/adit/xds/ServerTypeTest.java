package adit.xds;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import adit.protos.discovery.Resource;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ServerTypeTest {
  private static final Map<String, ResourceVersion> AB =
      Map.of("a", version("1", "net/10.0.0.1"), "b", version("2", "net/10.0.0.2"));

  // A service, a member of it on node n1, and one of no service on n2.
  private static final Map<String, ResourceVersion> MESH =
      Map.of(
          "s/svc", version("svc", "net/10.96.0.1"),
          "one", member("one", "s/svc", ResourceVersion.nodeGroup("n1")),
          "alone", member("alone", ResourceVersion.nodeGroup("n2")));

  private final Difference.Latest latest = new Difference.Latest();

  private static ResourceVersion version(String value, String alias) {
    return ResourceVersion.of("t", value.getBytes(UTF_8), List.of(alias));
  }

  private static ResourceVersion member(String value, String... groups) {
    return ResourceVersion.of("t", value.getBytes(UTF_8), List.of(), List.of(groups));
  }

  private static ServerType onDemand(String ownGroup) {
    return new ServerType(
        request().addResourceNamesSubscribe("*").addResourceNamesUnsubscribe("*").build(),
        ownGroup);
  }

  private static String[] subscribed(ServerType type, String name) {
    return type.receive(request().addResourceNamesSubscribe(name).build(), (_, _) -> {})
        .toArray(String[]::new);
  }

  private static List<String> names(DeltaDiscoveryResponse response) {
    return response.getResourcesList().stream().map(Resource::getName).toList();
  }

  private static DeltaDiscoveryRequest.Builder request() {
    return DeltaDiscoveryRequest.newBuilder().setTypeUrl("t");
  }

  private DeltaDiscoveryResponse difference(
      ServerType type, Map<String, ResourceVersion> current, String... mustAnswer) {
    return Objects.requireNonNull(type.difference(current, latest, Set.of(mustAnswer))).build();
  }

  @Test
  void nothingSubscribed_meansEverything() {
    var type = new ServerType(request().build(), "");
    assertThat(difference(type, AB).getResourcesList())
        .extracting(Resource::getName)
        .containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void starSubscribedAndUnsubscribed_startsWithNothing_butIsAnswered() {
    var type = onDemand("");
    assertThat(difference(type, AB).getResourcesCount()).isZero();
    assertThat(type.difference(AB, latest, Set.of())).isNull();
  }

  @Test
  void onDemandName_isAnsweredByAlias_andUnknownOnesAsRemoved() {
    var type = onDemand("");
    difference(type, AB);
    var added =
        type.receive(
            request()
                .addResourceNamesSubscribe("net/10.0.0.1")
                .addResourceNamesSubscribe("x")
                .build(),
            (_, _) -> {});
    var response = difference(type, AB, added.toArray(String[]::new));
    assertThat(response.getResourcesList()).extracting(Resource::getName).containsExactly("a");
    assertThat(response.getResources(0).getAliasesList()).containsExactly("net/10.0.0.1");
    assertThat(response.getRemovedResourcesList()).containsExactly("x");
  }

  @Test
  void onDemandService_bringsItsMembers_alsoThoseThatComeLater() {
    var type = onDemand("");
    difference(type, MESH);
    var response = difference(type, MESH, subscribed(type, "net/10.96.0.1"));
    assertThat(names(response)).containsExactlyInAnyOrder("s/svc", "one");

    var added = new HashMap<>(MESH);
    added.put("two", member("two", "s/svc", ResourceVersion.nodeGroup("n2")));
    assertThat(names(difference(type, added))).containsExactly("two");
    assertThat(type.difference(added, latest, Set.of())).isNull();
  }

  @Test
  void onDemandClient_getsWhatRunsOnItsNodeWithoutAsking() {
    var type = onDemand(ResourceVersion.nodeGroup("n1"));
    assertThat(names(difference(type, MESH))).containsExactly("one");

    var moved = new HashMap<>(MESH);
    moved.remove("one");
    moved.put("other", member("other", ResourceVersion.nodeGroup("n1")));
    var response = difference(type, moved);
    assertThat(names(response)).containsExactly("other");
    assertThat(response.getRemovedResourcesList()).containsExactly("one");
  }

  @Test
  void heldVersions_areNotSentAgain_andGoneNamesAreRemoved() {
    var type =
        new ServerType(
            request()
                .putInitialResourceVersions("a", Objects.requireNonNull(AB.get("a")).version())
                .putInitialResourceVersions("old", "1")
                .build(),
            "");
    var response = difference(type, AB);
    assertThat(response.getResourcesList()).extracting(Resource::getName).containsExactly("b");
    assertThat(response.getRemovedResourcesList()).containsExactly("old");
  }

  @Test
  void staleNonce_isIgnored() {
    var type = new ServerType(request().build(), "");
    difference(type, AB);
    type.sent("n1", Instant.EPOCH);
    type.receive(request().setResponseNonce("n0").build(), (_, _) -> {});
    assertThat(type.awaitsAnswer()).isTrue();
    type.receive(request().setResponseNonce("n1").build(), (_, _) -> {});
    assertThat(type.awaitsAnswer()).isFalse();
  }
}
