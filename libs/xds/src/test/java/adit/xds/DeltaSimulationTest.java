package adit.xds;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.core.Node;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import com.google.protobuf.StringValue;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Both ends of one type without a network: snapshots come, answers take their time, streams break
/// with messages on their way, resources are refused. In the end the client holds what is
/// published.
final class DeltaSimulationTest {
  private static final String TYPE = "type.test/t";

  private final Map<String, String> applied = new HashMap<>();
  private final Difference.Latest latest = new Difference.Latest();
  private final ClientType<StringValue> client =
      new ClientType<>(Subscription.of(TYPE, StringValue.parser(), this::apply));
  private final Deque<DeltaDiscoveryRequest> requests = new ArrayDeque<>();
  private final Deque<DeltaDiscoveryResponse> responses = new ArrayDeque<>();
  private Map<String, ResourceVersion> snapshot = Map.of();
  private ServerType server = new ServerType(client.first(Node.getDefaultInstance()), "");
  private int nonce;
  private int sent;

  private List<Rejection> apply(Update<StringValue> update) {
    List<Rejection> rejections = new ArrayList<>();
    for (Named<StringValue> named : update.changed()) {
      if (named.resource().getValue().startsWith("bad")) {
        rejections.add(new Rejection(named.name(), "bad"));
      } else {
        applied.put(named.name(), named.resource().getValue());
      }
    }
    update.removed().forEach(applied::remove);
    return rejections;
  }

  private void publish(Map<String, String> values) {
    Map<String, ResourceVersion> next = new HashMap<>();
    values.forEach((name, value) ->
        next.put(name, ResourceVersion.of(TYPE, StringValue.of(value).toByteArray(), List.of())));
    snapshot = next;
    push();
  }

  private void push() {
    if (server.awaitsAnswer()) {
      return;
    }
    DeltaDiscoveryResponse.Builder response = server.difference(snapshot, latest, Set.of());
    if (response != null) {
      server.sent(Integer.toString(++nonce), Instant.EPOCH);
      sent += response.getResourcesCount();
      responses.add(response.setNonce(Integer.toString(nonce)).build());
    }
  }

  private void deliverResponse() {
    DeltaDiscoveryResponse response = responses.poll();
    if (response != null) {
      requests.add(client.apply(response));
    }
  }

  private void deliverRequest() {
    DeltaDiscoveryRequest request = requests.poll();
    if (request != null) {
      assertThat(server.receive(request, (_, _) -> {})).isEmpty();
      push();
    }
  }

  private void reconnect() {
    requests.clear();
    responses.clear();
    server = new ServerType(client.first(Node.getDefaultInstance()), "");
    push();
  }

  private static Map<String, String> change(Map<String, String> from, Random random) {
    Map<String, String> next = new HashMap<>(from);
    String name = "r" + random.nextInt(12);
    switch (random.nextInt(4)) {
      case 0 -> next.remove(name);
      case 1 -> next.put(name, "bad" + random.nextInt(3));
      default -> next.put(name, "v" + random.nextInt(4));
    }
    return next;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void client_endsWithWhatIsPublished(long seed) {
    Random random = new Random(seed);
    Map<String, String> values = Map.of();
    push();
    for (int step = 0; step < 3_000; step++) {
      switch (random.nextInt(20)) {
        case 0 -> reconnect();
        case 1, 2, 3, 4, 5 -> {
          values = change(values, random);
          publish(values);
        }
        case 6, 7, 8, 9, 10, 11, 12 -> deliverResponse();
        default -> deliverRequest();
      }
    }
    Map<String, String> last = new HashMap<>(values);
    last.replaceAll((_, value) -> value.startsWith("bad") ? "good" : value);
    publish(last);
    settle();

    assertThat(applied).isEqualTo(last);
  }

  private void settle() {
    while (!responses.isEmpty() || !requests.isEmpty()) {
      deliverResponse();
      deliverRequest();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void reconnectWithoutAChange_sendsNothing(long seed) {
    Random random = new Random(seed);
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < 100; i++) {
      values.put("r" + random.nextInt(1_000), "v");
    }
    publish(values);
    settle();
    int before = sent;

    reconnect();
    settle();

    assertThat(sent).isEqualTo(before);
    assertThat(applied).isEqualTo(values);
  }
}
